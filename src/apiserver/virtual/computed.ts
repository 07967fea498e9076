import { apiVersionOf } from '../../api/machinery/define-kind.ts';
import { notFoundError } from '../../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Call, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { presentWritten } from '../present.ts';
import { respond } from '../respond.ts';
import { columnsFor, definitionsText, includeObject, rowOf, tableText } from '../table.ts';
import { partialText } from '../convert.ts';

/** GET of an object that is stored nowhere (Kind.computed). */
export function computedObject(call: Call, { kind, ...target }: Target, objects: KubeObject[]): Answer {
  const { name } = call.info;
  const object = objects.find(({ metadata }) => metadata.name === name);
  // Upstream's storage of ComponentStatus names it in the singular.
  if (!object) throw notFoundError({ group: kind.group, resource: kind.singular }, name);
  return presentWritten(call, { kind, ...target }, 200, JSON.stringify(object), object);
}

/** All of them. */
export function computedList(call: Call, target: Target, objects: KubeObject[]): Answer {
  const { accept } = call;
  if (accept.as === 'Table') {
    const include = includeObject(call.query);
    const rows = objects.map((object) => {
      const partial = partialText(accept.apiVersion, JSON.stringify(object.metadata));
      return rowOf(
        columnsFor(target.kind),
        object,
        call.now,
        include === 'None' ? 'null' : include === 'Object' ? JSON.stringify(object) : partial,
      );
    });
    return respond(call, 200, tableText(accept.apiVersion, '', definitionsText(columnsFor(target.kind)), rows));
  }
  if (accept.as === 'object') {
    const { kind } = target;
    const items = objects.map(bare);
    return respond(call, 200, JSON.stringify({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata: {}, items }));
  }
  const items = objects.map((object) => partialText(accept.apiVersion, JSON.stringify(object.metadata)));
  const head = `{"kind":"PartialObjectMetadataList","apiVersion":"${accept.apiVersion}","metadata":{},"items":[`;
  return respond(call, 200, `${head}${items.join(',')}]}`);
}

/** An item of a list, which does not say its kind. */
function bare(object: KubeObject): Obj {
  const { kind: _, apiVersion: __, ...rest } = object;
  return rest;
}
