import { decodeSent } from '../body.ts';
import { auditSent } from '../filters/audit.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { presentWritten } from '../present.ts';
import { writeOptions } from '../write-params.ts';

/** PUT (handlers/update.go). */
export function update(call: Call, deps: Deps, target: Target): Answer {
  const options = writeOptions(call, target, 'Update');
  const { object, warnings } = decodeSent(call, target, options.fieldValidation ?? 'Warn');
  auditSent(call, target, object);
  call.warnings.push(...warnings);
  const result = deps.registry.update(target.kind, object, { ...options, decoded: true });
  call.warnings.push(...result.warnings);
  return presentWritten(call, target, result.created ? 201 : 200, result.json, result.object);
}
