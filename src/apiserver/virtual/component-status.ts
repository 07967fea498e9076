import { notFoundError } from '../../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Answer, Call, Target } from '../call.ts';
import { presentWritten } from '../present.ts';
import { respond } from '../respond.ts';
import { columnsFor, definitionsText, includeObject, rowOf, tableText } from '../table.ts';
import { partialText } from '../convert.ts';

/** There is one process: whoever can ask finds all parts of it well (pkg/registry/core/componentstatus). */
const PARTS = ['controller-manager', 'scheduler', 'etcd-0'];

const part = (name: string) =>
  ({
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name },
    conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
  }) as unknown as KubeObject;

export function componentStatus(call: Call, target: Target): Answer {
  const { name } = call.info;
  if (!PARTS.includes(name)) throw notFoundError({ group: '', resource: 'componentstatus' }, name);
  const object = part(name);
  return presentWritten(call, target, 200, JSON.stringify(object), object);
}

export function componentStatuses(call: Call, target: Target): Answer {
  const { accept } = call;
  const objects = PARTS.map(part);
  if (accept.as === 'Table') {
    const include = includeObject(call.query);
    const rows = objects.map((object) => {
      const partial = partialText(accept.apiVersion, JSON.stringify(object.metadata));
      return rowOf(
        columnsFor(target.kind),
        object,
        call.request.now,
        include === 'None' ? 'null' : include === 'Object' ? JSON.stringify(object) : partial,
      );
    });
    return respond(call, 200, tableText(accept.apiVersion, '', definitionsText(columnsFor(target.kind)), rows));
  }
  if (accept.as === 'object') {
    const items = objects.map(({ metadata, conditions }: Obj) => ({ metadata, conditions }));
    return respond(call, 200, JSON.stringify({ kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items }));
  }
  const items = objects.map((object) => partialText(accept.apiVersion, JSON.stringify(object.metadata)));
  const head = `{"kind":"PartialObjectMetadataList","apiVersion":"${accept.apiVersion}","metadata":{},"items":[`;
  return respond(call, 200, `${head}${items.join(',')}]}`);
}
