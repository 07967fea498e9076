import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { decodeSent } from '../body.ts';
import { auditSent } from '../filters/audit.ts';
import { presentWritten } from '../present.ts';
import { reviewOf } from '../virtual/table.ts';
import { writeOptions } from '../write-params.ts';

const CREATED = 201;

/** POST: a new object, a review, or an object for a subresource (handlers/create.go). */
export function create(call: Call, deps: Deps, target: Target): Answer {
  const options = writeOptions(call, target, 'Create');
  const { object, warnings } = decodeSent(call, target, options.fieldValidation ?? 'Warn');
  auditSent(call, target, object);
  call.warnings.push(...warnings);
  const review = reviewOf(target.kind);
  if (review) {
    deps.registry.trackFields(target.kind, object, options);
    const answer = review(object, call, deps);
    return presentWritten(call, target, CREATED, JSON.stringify(answer), answer);
  }
  const result = deps.registry.create(target.kind, object, { ...options, decoded: true });
  call.warnings.push(...result.warnings);
  const { kind, code } = result.object;
  // A Status decides by its code (apiserver handlers/responsewriters transformResponseObject).
  return presentWritten(call, target, kind === 'Status' ? (code ?? CREATED) : CREATED, result.json, result.object);
}
