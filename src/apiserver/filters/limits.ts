import { byteLength } from '../../api/machinery/names.ts';
import { badRequest, tooLarge } from '../../api/machinery/status-errors.ts';
import { REQUEST_BODY_BYTES, URL_BYTES } from '../limits.ts';
import type { Filter } from '../call.ts';

/** Checks the request rate and the size of one request (apiserver handlers/rest.go limitedReadBody). */
export const limits: Filter = ({ request }, deps) => {
  deps.limits.request(request.now);
  const { body, url } = request;
  if (request.broken) throw badRequest('the request body could not be read: unexpected EOF');
  if (url.length > URL_BYTES) throw badRequest('the request address is too long');
  if (body.length > REQUEST_BODY_BYTES / 3 && byteLength(body) > REQUEST_BODY_BYTES) {
    throw tooLarge(`Request entity too large: limit is ${REQUEST_BODY_BYTES}`);
  }
  return undefined;
};
