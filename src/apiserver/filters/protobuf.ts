import { jsonText } from '../../api/machinery/numerals.ts';
import { fromProtobuf } from '../../api/machinery/protobuf.ts';
import { badRequest } from '../../api/machinery/status-errors.ts';
import type { Filter } from '../call.ts';

const TYPE = 'application/vnd.kubernetes.protobuf';
const JSON_TYPE = 'application/json';

/** Converts the protobuf of typed clients (one character of the body is a byte) into the equivalent JSON. */
export const protobuf: Filter = (call) => {
  const { request } = call;
  if (!request.header('content-type')?.startsWith(TYPE) || request.body === '') return undefined;
  let object: object | undefined;
  try {
    object = fromProtobuf(request.body);
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) throw badRequest(error.message);
    throw error;
  }
  if (!object) return undefined;
  const header = (name: string) => (name === 'content-type' ? JSON_TYPE : request.header(name));
  call.request = { ...request, header, body: jsonText(object) };
  return undefined;
};
