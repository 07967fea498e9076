import { bearer } from '../../authn/authenticator.ts';

type Headers = Pick<globalThis.Headers, 'get'>;

/** Valid Host header: one host and an optional port, without characters that could become part of the path. */
const HOST = /^(?:[a-z0-9_-][a-z0-9._-]{0,254}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Whether the Host header is valid: the platform builds the request's URL from it unchecked. */
export const isHost = (headers: Headers): boolean => HOST.test(headers.get('host') ?? '');

/** Whether the request has a bearer token or a client certificate; without either it is refused before it wakes an object. */
export const bearsCredential = (headers: Headers, certificateHeader: string | undefined): boolean =>
  bearer(headers.get('authorization')) !== undefined ||
  (certificateHeader !== undefined && headers.get(certificateHeader) !== null);

/** What a client shows to say who it is. */
export const credentialOf = (headers: Headers, certificateHeader: string | undefined): string =>
  `${headers.get('authorization')} ${certificateHeader === undefined ? '' : headers.get(certificateHeader)}`;

const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/**
 * Whether a browser sends the request for another site, or to a host name not in `hosts` (undefined: any). There are no CORS headers, but a
 * simple request would be executed before the browser refuses its response. Tools that must send an Origin (golang.org/x/net/websocket) name
 * the host that they call.
 */
export function isForeign(headers: Headers, hosts: readonly string[] | undefined): boolean {
  const origin = headers.get('origin');
  const site = headers.get('sec-fetch-site');
  if (origin === null && site === null) return false;
  const host = (headers.get('host') ?? '').toLowerCase();
  const name = nameOf(host);
  if (hosts && !hosts.includes(name.replace(/^\[(.*)\]$/, '$1'))) return true;
  if (site !== null && site !== 'same-origin' && site !== 'none') return true;
  if (origin === null) return false;
  if (!URL.canParse(origin)) return true;
  const from = new URL(origin);
  return site === null ? from.hostname !== name : from.host !== host;
}

/** 403 for a request from another site, the same for every cluster. */
export function refuseForeign(): Response {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
  const message = 'requests from other sites are refused';
  return Response.json({ ...status, message, reason: 'Forbidden', code: 403 }, { status: 403 });
}
