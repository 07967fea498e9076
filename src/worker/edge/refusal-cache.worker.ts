import { REFUSALS_KEPT } from '../limits.ts';
import { WAIT_HEADER } from '../../cluster/plan-limits.ts';
import { now } from '../platform/host.worker.ts';

const TOO_MANY = 429;
const MS = 1000;

/** 429 of a cluster, and the time until which the cluster would repeat it, ms. */
interface Refusal {
  until: number;
  body: string;
  type: string;
}

const refusals = new Map<string, Refusal>();

/** Cache key with the credential: to another client the refusal would disclose that the cluster exists. */
const keyOf = (id: string, credential: string): string => `${id} ${credential}`;

/** Cached refusal of a request, returned without asking the cluster; undefined: none. */
export function cachedRefusal(id: string, credential: string): Response | undefined {
  if (refusals.size === 0) return undefined;
  const key = keyOf(id, credential);
  const refusal = refusals.get(key);
  if (!refusal) return undefined;
  const wait = refusal.until - now();
  if (wait > 0) return answerOf(refusal, wait);
  refusals.delete(key);
  return undefined;
}

/** Caches a cluster's 429 that has WAIT_HEADER, and removes that header; returns any other response unchanged. */
export async function rememberRefusal(id: string, credential: string, answer: Response): Promise<Response> {
  const wait = Number(answer.headers.get(WAIT_HEADER));
  if (!(wait > 0)) return answer;
  const type = answer.headers.get('content-type') ?? 'application/json';
  const refusal = { until: now() + wait, body: await answer.text(), type };
  if (refusals.size >= REFUSALS_KEPT) refusals.clear();
  refusals.set(keyOf(id, credential), refusal);
  return answerOf(refusal, wait);
}

const answerOf = ({ body, type }: Refusal, wait: number): Response =>
  new Response(body, {
    status: TOO_MANY,
    headers: { 'content-type': type, 'cache-control': 'no-cache, private', 'retry-after': String(Math.ceil(wait / MS)) },
  });
