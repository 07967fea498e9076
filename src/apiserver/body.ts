import { decodeAs, decodeBody, type Decoded, type FieldValidation } from '../api/machinery/decode.ts';
import type { Call, Target } from './call.ts';

const HOMES: Record<string, string> = {
  '': 'core',
  policy: 'policy',
  autoscaling: 'autoscaling',
  'authentication.k8s.io': 'authentication',
};

/** Decodes what a request sends to a resource or subresource. Throws upstream's 400 or 415. */
export function decodeSent(call: Call, target: Target, mode: FieldValidation): Decoded {
  const { body } = call.request;
  const type = call.request.header('content-type') ?? '';
  const { kind, served, subresource } = target;
  if (subresource === 'scale') return decodeAs(takes('autoscaling', 'v1', 'Scale'), body, type, mode);
  const other = kind.subresources?.[subresource];
  if (other && other.kind !== kind.kind)
    return decodeAs(takes(other.group ?? '', other.version ?? 'v1', other.kind), body, type, mode);
  return decodeBody(kind, served, body, type, mode);
}

const takes = (group: string, version: string, kind: string) => ({
  group,
  version,
  kind,
  type: `io.k8s.api.${HOMES[group] ?? group}.${version}.${kind}`,
});
