import { yamlValue } from '../../api/machinery/decode-yaml.ts';
import { parseDigits } from '../../api/machinery/numerals.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { AUDIT_ID_CHARACTERS } from '../limits.ts';
import { clone } from '../../lib/json.ts';
import type { PatchType } from '../../registry/options.ts';
import { mainStrategy } from '../../registry/strategies/main.ts';
import { AuditRecord } from '../audit/record.ts';
import type { Call, Deps, Filter, Target } from '../call.ts';
import type { ApiResponse } from '../messages.ts';

const UNAUTHORIZED = 401;

/** The id of a request: the client's own, if it gave one (apiserver filters/audit_init.go). */
export function auditIdOf(call: Call, deps: Deps): string {
  const chosen = call.request.header('audit-id');
  call.auditId ??= chosen && chosen.length <= AUDIT_ID_CHARACTERS ? chosen : deps.random.uuid();
  return call.auditId;
}

/** Begins the record of a request that the policy records, once the user is known (apiserver filters/audit.go). */
export const audit: Filter = (call, deps) => {
  const record = recordOf(call, deps, call.user);
  call.audit = record ?? null;
  record?.received();
  return undefined;
};

function recordOf(call: Call, deps: Deps, user: Call['user'] | undefined): AuditRecord | undefined {
  const sink = deps.audit;
  if (!sink.rules) return undefined;
  const { request, info } = call;
  const config = sink.rules.configFor({ ...info, ...(user && { user }) });
  return config && new AuditRecord({ config, sink, request, info, auditId: auditIdOf(call, deps), user });
}

/** Records the answer. A request refused before its user was known has no record yet (filters/authn_audit.go). */
export function auditAnswer(call: Call, deps: Deps, answer: ApiResponse): void {
  if (call.audit) call.audit.complete(answer);
  else if (call.audit === undefined && answer.status === UNAUTHORIZED) recordOf(call, deps, undefined)?.unauthenticated(answer);
}

/** Records the object sent to create or update: with its defaults, before admission. */
export function auditSent({ audit: record }: Call, target: Target, object: KubeObject): void {
  record?.sent(object.metadata, () => {
    const { kind, served } = target;
    if (object.kind !== kind.kind) return object;
    const copy = clone(object);
    copy.metadata ??= {} as KubeObject['metadata'];
    return mainStrategy(kind, served).defaults(copy);
  });
}

/** Records a patch: JSON, or YAML for apply. */
export function auditPatch({ audit: record, request }: Call, type: PatchType): void {
  if (!record?.wantsRequest) return;
  const value = read(parseDigits, request.body);
  record.patched(value === undefined && type === 'apply' ? read(yamlValue, request.body) : value);
}

/** A text's value, or undefined when it has none: the patch itself says why. */
function read(parse: (text: string) => unknown, text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** Records the options of a deletion; upstream records their internal version. */
export function auditOptions({ audit: record }: Call, options: Obj): void {
  record?.sent(undefined, () => ({ ...options, kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/__internal' }));
}
