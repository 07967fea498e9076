import { WAIT_HEADER } from '../../cluster/plan-limits.ts';
import { now } from '../platform/host.worker.ts';

const TOO_MANY = 429;
const MS = 1000;
/** Beyond so many, all are forgotten: their clusters say it again. */
const MAX = 10_000;

/** What a cluster said to somebody who came too soon, and until when it would say so again. */
interface Refusal {
  until: number;
  body: string;
  type: string;
}

const refusals = new Map<string, Refusal>();

/** The same words to somebody else could tell them of a cluster that they may not know. */
const keyOf = (id: string, headers: Headers): string => `${id} ${headers.get('authorization')}`;

/** The refusal of a request that its cluster would refuse too: it costs the cluster nothing. */
export function tooSoon(id: string, headers: Headers): Response | undefined {
  if (refusals.size === 0) return undefined;
  const key = keyOf(id, headers);
  const refusal = refusals.get(key);
  if (!refusal) return undefined;
  const wait = refusal.until - now();
  if (wait > 0) return answerOf(refusal, wait);
  refusals.delete(key);
  return undefined;
}

/** Remembers a cluster's 429 for requests that come too fast; other answers pass. */
export async function noted(id: string, headers: Headers, answer: Response): Promise<Response> {
  const wait = Number(answer.headers.get(WAIT_HEADER));
  if (!(wait > 0)) return answer;
  const type = answer.headers.get('content-type') ?? 'application/json';
  const refusal = { until: now() + wait, body: await answer.text(), type };
  if (refusals.size >= MAX) refusals.clear();
  refusals.set(keyOf(id, headers), refusal);
  return answerOf(refusal, wait);
}

const answerOf = ({ body, type }: Refusal, wait: number): Response =>
  new Response(body, {
    status: TOO_MANY,
    headers: { 'content-type': type, 'cache-control': 'no-cache, private', 'retry-after': String(Math.ceil(wait / MS)) },
  });
