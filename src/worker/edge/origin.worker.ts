import { bearer } from '../../authn/authenticator.ts';

type Headers = Pick<globalThis.Headers, 'get'>;

/** A Host header that names one host and maybe a port, and nothing that could become a part of the address. */
const HOST = /^(?:[a-z0-9_-][a-z0-9._-]{0,254}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** Whether the Host header is one: the platform puts it before the path, unread. */
export const isHost = (headers: Headers): boolean => HOST.test(headers.get('host') ?? '');

/** Whether there is a bearer token at all; without one nobody is asked, and no object wakes. */
export const bearsToken = (headers: Headers): boolean => bearer(headers.get('authorization')) !== undefined;

const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/**
 * Whether a browser sends the request for another site, or under a name that is not ours (`hosts`; absent: any is). Nothing of a cluster
 * is for pages of other sites; there are no CORS headers, and this does not wait for the browser to find that out. Tools that make up an
 * Origin (golang.org/x/net/websocket wants one) say the host that they call.
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

/** The refusal of a request from another site, the same for every cluster. */
export function refuseForeign(): Response {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
  const message = 'requests from other sites are refused';
  return Response.json({ ...status, message, reason: 'Forbidden', code: 403 }, { status: 403 });
}
