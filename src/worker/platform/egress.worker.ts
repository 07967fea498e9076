import { refusalOf } from '../../lib/egress.ts';
import { EGRESS_BYTES, EGRESS_MS, EGRESS_REDIRECTS } from '../../lib/limits.ts';

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** A call that is not made, or not gone on with; the sentence says why and may be shown. */
export class EgressRefused extends Error {}

export interface EgressRoutes {
  /** To public addresses only, whatever a name resolves to. */
  outside: Fetch;
  /** To any address; for what the operator named alone. */
  inside?: { fetch: Fetch; origins: ReadonlySet<string> };
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Redirects that keep the method and the body. */
const KEEPING = new Set([307, 308]);
/** Headers that do not follow a redirect to another origin. */
const SECRETS = ['authorization', 'cookie', 'proxy-authorization'];
/** Headers about the body, dropped with it. */
const ABOUT_BODY = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location'];

/**
 * Makes every outbound call. Each address is checked, also those that redirects lead to; what the operator named may lie inside, but
 * no redirect from elsewhere leads there. A call ends after a time, and an answer at a size.
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
  /** The operator named it. */
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

/** Where a redirect leads, with as much of the request as may go there (the Fetch standard's HTTP-redirect fetch, and stricter). */
function next(routes: EgressRoutes, from: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, from.url)) throw new EgressRefused('a redirect leads to what is no address');
  const [here, there] = [new URL(from.url), new URL(location, from.url)];
  const same = here.origin === there.origin;
  if (here.protocol === 'https:' && there.protocol !== 'https:') throw new EgressRefused('a redirect leads from https to http');
  const headers = new Headers(from.init.headers);
  if (!same) for (const name of SECRETS) headers.delete(name);
  const init: RequestInit = { ...from.init, headers };
  const method = (init.method ?? 'GET').toUpperCase();
  if (!KEEPING.has(status) && method !== 'GET' && method !== 'HEAD') {
    init.method = 'GET';
    init.body = null;
    for (const name of ABOUT_BODY) headers.delete(name);
  }
  const carries = init.body !== undefined && init.body !== null;
  if (carries && !same) throw new EgressRefused('a redirect would carry the body to another site');
  if (carries && typeof init.body !== 'string') throw new EgressRefused('a redirect asks for the body again');
  // From outside nobody is led inside; within, the operator's own addresses may lead to one another.
  return { url: there.href, init, within: from.within && isInside(routes, there.href) };
}

/** The answer, cut off with an error where it becomes too large. */
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
