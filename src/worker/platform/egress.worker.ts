import { refusalOf } from '../../lib/egress.ts';
import { EGRESS_BYTES, EGRESS_MS, EGRESS_REDIRECTS } from '../../lib/limits.ts';

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Error of a call that is refused or aborted; its message may be shown to tenants. */
export class EgressRefused extends Error {}

export interface EgressRoutes {
  /** Reaches public addresses only, whatever a name resolves to. */
  outside: Fetch;
  /** Reaches any address; for origins that the operator named. */
  inside?: { fetch: Fetch; origins: ReadonlySet<string> };
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Redirects that keep the method and the body. */
const METHOD_KEEPING = new Set([307, 308]);
/** Headers that do not follow a redirect to another origin. */
const SECRETS = ['authorization', 'cookie', 'proxy-authorization'];
/** Headers about the body, dropped with it. */
const BODY_HEADERS = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location'];

/**
 * Returns the fetch of all outbound calls. It checks every address, those of redirects included. Origins that the operator named may be private,
 * but no redirect from elsewhere leads there. A call times out after EGRESS_MS, and a response fails at EGRESS_BYTES.
 */
export function egress(routes: EgressRoutes): Fetch {
  return async (url, init = {}) => {
    const signals = [AbortSignal.timeout(EGRESS_MS), ...(init.signal ? [init.signal] : [])];
    const signal = AbortSignal.any(signals);
    const mode = init.redirect ?? 'follow';
    let hop: Hop = { url, init: { ...init, signal, redirect: 'manual' }, within: isInside(routes, url) };
    for (let left = EGRESS_REDIRECTS; ; left--) {
      const answer = await routeOf(routes, hop)(hop.url, hop.init);
      const location = REDIRECTS.has(answer.status) && mode !== 'manual' ? answer.headers.get('location') : null;
      if (location === null) return bounded(answer);
      await answer.body?.cancel();
      if (mode === 'error') throw new EgressRefused(`${hop.url} redirects, which was not expected`);
      if (left === 0) throw new EgressRefused(`more than ${EGRESS_REDIRECTS} redirects`);
      hop = next(routes, hop, answer.status, location);
    }
  };
}

interface Hop {
  url: string;
  init: RequestInit;
  /** Whether the operator named its origin. */
  within: boolean;
}

const isInside = ({ inside }: EgressRoutes, url: string): boolean =>
  URL.canParse(url) && !!inside?.origins.has(new URL(url).origin);

function routeOf({ outside, inside }: EgressRoutes, { url, within }: Hop): Fetch {
  if (within && inside) return inside.fetch;
  const why = refusalOf(url);
  if (why !== undefined) throw new EgressRefused(why);
  return outside;
}

/** Request to a redirect's target, without headers and body that may not go there (stricter than Fetch's HTTP-redirect fetch). */
function next(routes: EgressRoutes, from: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, from.url)) throw new EgressRefused('a redirect leads to what is no address');
  const [here, there] = [new URL(from.url), new URL(location, from.url)];
  const same = here.origin === there.origin;
  if (here.protocol === 'https:' && there.protocol !== 'https:') throw new EgressRefused('a redirect leads from https to http');
  const headers = new Headers(from.init.headers);
  if (!same) for (const name of SECRETS) headers.delete(name);
  const init: RequestInit = { ...from.init, headers };
  const method = (init.method ?? 'GET').toUpperCase();
  if (!METHOD_KEEPING.has(status) && method !== 'GET' && method !== 'HEAD') {
    init.method = 'GET';
    init.body = null;
    for (const name of BODY_HEADERS) headers.delete(name);
  }
  const carries = init.body !== undefined && init.body !== null;
  if (carries && !same) throw new EgressRefused('a redirect would carry the body to another site');
  if (carries && typeof init.body !== 'string') throw new EgressRefused('a redirect asks for the body again');
  // Only an origin that the operator named may redirect to another such origin.
  return { url: there.href, init, within: from.within && isInside(routes, there.href) };
}

/** Response whose body fails beyond EGRESS_BYTES. */
function bounded(answer: Response): Response {
  const declared = Number(answer.headers.get('content-length') ?? 0);
  if (declared > EGRESS_BYTES) throw new EgressRefused(`the answer has ${declared} bytes, more than ${EGRESS_BYTES}`);
  if (!answer.body) return answer;
  let left = EGRESS_BYTES;
  const counted = answer.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        left -= chunk.byteLength;
        if (left < 0) controller.error(new EgressRefused(`the answer has more than ${EGRESS_BYTES} bytes`));
        else controller.enqueue(chunk);
      },
    }),
  );
  return new Response(counted, answer);
}
