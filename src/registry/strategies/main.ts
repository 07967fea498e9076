import { apiVersionOf, type Kind, type ServedVersion } from '../../api/machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import { prepareUpdate } from '../prepare.ts';
import type { StrategyOf, WriteStrategy } from '../strategy.ts';

/** Strategies that were made: a kind is a value that does not change, and every write asks for its own. */
const made = new WeakMap<Kind, WriteStrategy>();

/** The strategy of the object itself, in the stored version. */
function storedStrategy(kind: Kind): WriteStrategy {
  const known = made.get(kind);
  if (known) return known;
  const strategy: WriteStrategy = {
    schema: kind.schema,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    read: (live) => live,
    write: (_, view) => view,
    prepare: (object, old, cx) => {
      if (kind.prepareUpdate) kind.prepareUpdate(object, old, cx);
      else prepareUpdate(kind, object, old);
    },
    validate: (object, old, cx) => kind.validateUpdate?.(object, old, cx) ?? [],
    defaults: (view) => {
      kind.defaults?.(view);
      return view;
    },
    warnings: kind.warnings,
  };
  made.set(kind, strategy);
  return strategy;
}

/** The strategy of the object itself. `served`: the version that the client speaks, when it is not the stored one. */
export function mainStrategy(kind: Kind, served?: ServedVersion): WriteStrategy {
  const stored = storedStrategy(kind);
  if (!served) return stored;
  const read = (live: KubeObject) => served.fromStored(live) as KubeObject;
  const write = (_: KubeObject, view: KubeObject) => served.toStored(view) as KubeObject;
  return {
    ...stored,
    schema: served.schema,
    apiVersion: apiVersionOf(served),
    read,
    write,
    show: read,
    defaults: (view) => read(stored.defaults(write(view, view))),
  };
}

/** The strategy of subresources with the whole object: the rules of the kind, which get the subresource, decide what passes. */
export const wholeStrategy: StrategyOf = (_, main) => ({ ...main, warnings: undefined });
