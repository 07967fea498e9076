import { matchesFields, checkFields, parseFieldSelector } from '../../api/machinery/fields.ts';
import { matches, parseSelector } from '../../api/machinery/labels.ts';
import { apiVersionOf, type ComputeRequest } from '../../api/machinery/define-kind.ts';
import { notFoundError } from '../../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { presentWritten, wrongForm } from '../present.ts';
import { respond } from '../respond.ts';
import { columnsFor, definitionsText, includeObject, rowOf, tableText } from '../table.ts';
import { partialText } from '../convert.ts';

/** Answers what is asked of a kind whose objects are stored nowhere (Kind.computed). */
function compute(call: Call, { registry, meterOf, explainerOf }: Deps, { kind }: Target): KubeObject[] {
  const { view } = registry;
  const { now } = call;
  const { name } = call.info;
  const request: ComputeRequest = {
    now,
    namespace: kind.namespaced ? call.info.namespace : '',
    ...(name && { name }),
    get: (resource, namespace, one) => view.get(resource, namespace, one),
    list: (resource, namespace) => view.list(resource, namespace),
    ...(meterOf && { meter: meterOf(view, now) }),
    ...(explainerOf && { explainer: explainerOf(view) }),
  };
  return kind.computed?.(request) ?? [];
}

/** GET of one object. */
export function computedObject(call: Call, deps: Deps, target: Target): Answer {
  const { kind } = target;
  const { name, namespace } = call.info;
  const object = compute(call, deps, target).find(({ metadata }) => metadata.name === name);
  // Storages of this kind name it in the singular, and by its key.
  if (!object)
    throw notFoundError({ group: kind.group, resource: kind.singular }, kind.namespaced ? `${namespace}/${name}` : name);
  return presentWritten(call, target, 200, JSON.stringify(object), object);
}

interface Selectors {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

/** All of them that are selected. */
export function computedList(call: Call, deps: Deps, target: Target, selectors: Selectors): Answer {
  const { accept } = call;
  const { kind } = target;
  if (accept.as === 'PartialObjectMetadata') throw wrongForm('PartialObjectMetadata', 'is a list', `${kind.kind}List`);
  const labels = selectors.labelSelector ? parseSelector(selectors.labelSelector) : [];
  const fields = selectors.fieldSelector ? parseFieldSelector(selectors.fieldSelector) : [];
  checkFields(fields, kind.selectable);
  const objects = compute(call, deps, target).filter(
    (object) => matches(labels, object.metadata.labels) && matchesFields(fields, object, kind.selectable),
  );
  if (accept.as === 'Table') return table(call, target, objects);
  if (accept.as === 'object') {
    const items = objects.map(bare);
    return respond(call, 200, JSON.stringify({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata: {}, items }));
  }
  const items = objects.map((object) => partialText(accept.apiVersion, JSON.stringify(object.metadata)));
  const head = `{"kind":"PartialObjectMetadataList","apiVersion":"${accept.apiVersion}","metadata":{},"items":[`;
  return respond(call, 200, `${head}${items.join(',')}]}`);
}

function table(call: Call, target: Target, objects: KubeObject[]): Answer {
  const { accept } = call;
  const include = includeObject(call.query);
  const columns = columnsFor(target.kind);
  const textOf = (object: KubeObject): string => {
    if (include === 'None') return 'null';
    return include === 'Object' ? JSON.stringify(object) : partialText(accept.apiVersion, JSON.stringify(object.metadata));
  };
  const rows = objects.map((object) => rowOf(columns, object, call.now, textOf(object)));
  return respond(call, 200, tableText(accept.apiVersion, '', definitionsText(columns), rows));
}

/** An item of a list, which does not say its kind. */
function bare(object: KubeObject): Obj {
  const { kind: _, apiVersion: __, ...rest } = object;
  return rest;
}
