import { and, eq, isNull, lte, min, or } from 'drizzle-orm';
import type { Context, MiddlewareHandler } from 'hono';
import { creatorOf } from './access.ts';
import type { Task } from '../task.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from './errors.ts';
import { ANSWER_KEPT_BYTES, IDEMPOTENCY_KEPT_MS, IDEMPOTENCY_KEY_LENGTH, IDEMPOTENCY_PENDING_MS } from '../limits.ts';
import { idempotency } from '../operations/tables.ts';
import type { ManagementEnv } from './router.ts';

export const IDEMPOTENCY_KEY = 'idempotency-key';
const REPLAYED = 'idempotency-replayed';
/** Headers that are stored with an answer. */
const KEPT_HEADERS = ['content-type', 'location', 'etag', 'x-credential-id'];
/** Transient refusals, which are not stored: the same request may succeed later. */
const isWorthKeeping = (status: number): boolean => status < 500 && status !== 429;

const KEY = new RegExp(`^[\\x20-\\x7e]{1,${IDEMPOTENCY_KEY_LENGTH}}$`);

interface Kept {
  headers: Record<string, string>;
  body: string;
}

/**
 * Middleware: a repeated POST with the same Idempotency-Key gets the stored answer and does nothing. Keys are per principal; answers may
 * hold secrets, so they are encrypted under a key derived from the bearer's token. Runs after the gate.
 */
export const idempotent =
  (deps: ManagementDeps): MiddlewareHandler<ManagementEnv> =>
  async (c, next) => {
    const key = c.req.header(IDEMPOTENCY_KEY);
    const principal = c.get('principal');
    if (key === undefined || principal === undefined) return next();
    if (!KEY.test(key))
      throw new Problem('invalid-request', `${IDEMPOTENCY_KEY}: 1 to ${IDEMPOTENCY_KEY_LENGTH} printable characters`);
    const name = { principal: creatorOf(principal), key };
    const { url, method } = c.req.raw;
    const request = deps.crypto.sha256(JSON.stringify([method, new URL(url).pathname, new URL(url).search, await c.req.text()]));
    const secret = `idempotency ${c.req.header('authorization')?.split(/ +/)[1]}`;
    const begun = deps.now();
    if (!(await claim(deps, { ...name, request, begun }))) return await again(deps, name, request, secret);
    deps.background(deps.taskRunner.wakeBy(begun + IDEMPOTENCY_KEPT_MS));
    await next();
    await storeAnswer(deps, name, begun, c, secret);
  };

type Name = { principal: string; key: string };
const named = ({ principal, key }: Name) => and(eq(idempotency.principal, principal), eq(idempotency.key, key));

/** Claims the key; false: it is in use. Keys that a crash left without an answer are free again, as are expired ones. */
async function claim(deps: ManagementDeps, first: Name & { request: string; begun: number }): Promise<boolean> {
  const { begun, ...row } = first;
  const fresh = { request: row.request, status: null, sealed: null, createdAt: begun };
  const claimed = await deps.db
    .insert(idempotency)
    .values({ ...row, createdAt: begun })
    .onConflictDoUpdate({
      target: [idempotency.principal, idempotency.key],
      set: fresh,
      setWhere: or(
        and(isNull(idempotency.status), lte(idempotency.createdAt, begun - IDEMPOTENCY_PENDING_MS)),
        lte(idempotency.createdAt, begun - IDEMPOTENCY_KEPT_MS),
      ),
    })
    .returning({ key: idempotency.key });
  return claimed.length > 0;
}

async function again(deps: ManagementDeps, name: Name, request: string, secret: string): Promise<Response> {
  const [row] = await deps.db.select().from(idempotency).where(named(name));
  if (row && row.request !== request) {
    throw new Problem('idempotency-conflict', `"${name.key}" was used with another method, address or body`);
  }
  if (!row?.sealed || row.status === null) {
    throw new Problem('idempotency-conflict', `the first request with "${name.key}" is still at work`, { 'retry-after': '1' });
  }
  const text = deps.crypto.unseal(secret, row.sealed);
  if (text === undefined) throw new Problem('idempotency-conflict', `"${name.key}" was used with another secret`);
  const { headers, body } = JSON.parse(text) as Kept;
  return new Response(body || null, { status: row.status, headers: { ...headers, [REPLAYED]: 'true' } });
}

/** Stores the answer, or frees the key. Only this request's own entry: one that took over a minute may have lost it. */
async function storeAnswer(deps: ManagementDeps, name: Name, begun: number, c: Context, secret: string): Promise<void> {
  const own = and(named(name), eq(idempotency.createdAt, begun), isNull(idempotency.status));
  const { status } = c.res;
  const body = isWorthKeeping(status) ? await c.res.clone().text() : '';
  if (!isWorthKeeping(status) || body.length > ANSWER_KEPT_BYTES) {
    await deps.db.delete(idempotency).where(own);
    return;
  }
  const headers: Record<string, string> = {};
  for (const header of KEPT_HEADERS) {
    const value = c.res.headers.get(header);
    if (value !== null) headers[header] = value;
  }
  const sealed = deps.crypto.seal(secret, JSON.stringify({ headers, body } satisfies Kept));
  await deps.db.update(idempotency).set({ status, sealed }).where(own);
}

/** Task: deletes stored answers after a day. */
export const idempotencyTask: Task = {
  name: 'idempotency',
  next: async ({ db }) => {
    const [{ at }] = await db.select({ at: min(idempotency.createdAt) }).from(idempotency);
    return at === null ? undefined : at + IDEMPOTENCY_KEPT_MS;
  },
  run: async ({ db }, now) => {
    await db.delete(idempotency).where(lte(idempotency.createdAt, now - IDEMPOTENCY_KEPT_MS));
  },
};
