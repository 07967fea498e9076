import { decodeAs, decodeBody, type Decoded, type FieldValidation } from '../api/machinery/decode.ts';
import { subresourceOf } from '../api/machinery/subresources.ts';
import type { Call, Target } from './call.ts';

/** Decodes the body of a request to a resource or subresource. Throws upstream's 400 or 415. */
export function decodeSent(call: Call, target: Target, mode: FieldValidation): Decoded {
  const { body } = call.request;
  const type = call.request.header('content-type') ?? '';
  const { kind, served, subresource } = target;
  const takes = subresourceOf(kind, subresource)?.takes;
  return takes?.schema
    ? decodeAs({ ...takes, schema: takes.schema }, body, type, mode)
    : decodeBody(kind, served, body, type, mode);
}
