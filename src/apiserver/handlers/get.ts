import { jsonText } from '../../api/machinery/numerals.ts';
import { subresourceOf } from '../../api/machinery/subresources.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { tooLarge } from '../../registry/list.ts';
import { parseRevision } from '../params.ts';
import { presentStored, presentWritten } from '../present.ts';
import { computedObject } from '../virtual/computed.ts';

/** GET of one object, or of a subresource of it. */
export function get(call: Call, deps: Deps, target: Target): Answer {
  const { info, query } = call;
  const { registry } = deps;
  const wanted = query.get('resourceVersion');
  if (wanted) {
    const revision = parseRevision(wanted);
    const current = registry.revision;
    if (revision > current) throw tooLarge(revision, current);
  }
  const { kind, subresource } = target;
  if (kind.computed) return computedObject(call, deps, target);
  if (subresourceOf(kind, subresource)?.takes) {
    const shown = registry.getSubresource(kind, subresource, info.namespace, info.name);
    return presentWritten(call, target, 200, jsonText(shown), shown);
  }
  const row = registry.get(kind, info.namespace, info.name);
  return presentStored(call, deps, target, 200, row.json, row.rev);
}
