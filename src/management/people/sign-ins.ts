import { and, count, eq, gt, isNotNull, lte, sql } from 'drizzle-orm';
import { isSecret, makeSecret, PREFIXES } from '../../lib/secrets.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { BROWSER_SESSION_MS, DEVICE_POLL_SECONDS, SESSION_MS, SIGN_IN_MS, SIGN_INS_OPEN, POLL_TOLERANCE_MS } from '../limits.ts';
import { authorizationUrl, identify, type AuthorizationRequest } from './oidc.ts';
import type { Issuer } from './issuers.ts';
import { upsertPerson, newSession, tidySessions } from './sessions.ts';
import { sessions, signIns } from './tables.ts';

export type SignInRow = typeof signIns.$inferSelect;

/** Error codes of RFC 8628 (3.5) for a device without a session yet, and of RFC 6749 (5.2) for a malformed request. */
export type DeviceError =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'invalid_grant'
  | 'invalid_request'
  | 'unsupported_grant_type';

/** Consonants without look-alikes that form no words (RFC 8628, 6.1). Ten are 43 bits: too many to guess in a code's lifetime (5.1). */
const CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const CODE_LENGTH = 10;

const grouped = (code: string): string => `${code.slice(0, CODE_LENGTH / 2)}-${code.slice(CODE_LENGTH / 2)}`;

function newUserCode(deps: ManagementDeps): string {
  let code = '';
  // 240 is the highest multiple of 20 in a byte: more would bias some letters.
  while (code.length < CODE_LENGTH) {
    for (const byte of atob(deps.crypto.token(12).replaceAll('-', '+').replaceAll('_', '/'))) {
      const n = byte.charCodeAt(0);
      if (n < 240 && code.length < CODE_LENGTH) code += CODE_LETTERS[n % CODE_LETTERS.length];
    }
  }
  return grouped(code);
}

/** Normalizes a typed user code; undefined: malformed. */
export function userCodeOf(typed: string): string | undefined {
  const letters = typed.toUpperCase().replace(/[\s._-]/g, '');
  const fits = letters.length === CODE_LENGTH && [...letters].every((letter) => CODE_LETTERS.includes(letter));
  return fits ? grouped(letters) : undefined;
}

/** The issuer of that name. */
export function issuerOf(deps: ManagementDeps, name: string): Issuer {
  if (deps.issuers.length === 0) throw new Problem('sign-in-off', 'no issuer is configured (ATOLL_OIDC)');
  const found = deps.issuers.find((issuer) => issuer.name === name);
  if (found) return found;
  throw new Problem('invalid-request', `issuer: there is none named "${name}"`);
}

/** Deletes expired sign-ins, and refuses when too many are pending. */
async function checkPending(deps: ManagementDeps): Promise<void> {
  if (deps.issuers.length === 0) throw new Problem('sign-in-off', 'no issuer is configured (ATOLL_OIDC)');
  const now = deps.now();
  // A late device still learns that it is late.
  await deps.db.delete(signIns).where(lte(signIns.expiresAt, now - SIGN_IN_MS));
  const [{ n }] = await deps.db.select({ n: count() }).from(signIns).where(gt(signIns.expiresAt, now));
  if (n >= SIGN_INS_OPEN) throw new Problem('rate-limited', 'too many sign-ins are under way', { 'retry-after': '60' });
}

/** Begins a device's sign-in: returns the device code and the user code. */
export async function beginDevice(
  deps: ManagementDeps,
  request: { name: string; issuer?: string },
): Promise<{ deviceCode: string; userCode: string }> {
  await checkPending(deps);
  if (request.issuer !== undefined) issuerOf(deps, request.issuer);
  const now = deps.now();
  const deviceCode = makeSecret(PREFIXES.device, deps.crypto);
  const userCode = newUserCode(deps);
  await deps.db.insert(signIns).values({
    id: deps.random.uuid(),
    deviceHash: deps.crypto.sha256(deviceCode),
    userCode,
    name: request.name,
    issuer: request.issuer ?? null,
    status: 'pending',
    createdAt: now,
    expiresAt: now + SIGN_IN_MS,
  });
  return { deviceCode, userCode };
}

/** The pending device with a user code. */
export async function waitingDevice(deps: ManagementDeps, userCode: string): Promise<SignInRow | undefined> {
  const [row] = await deps.db.select().from(signIns).where(waiting(deps, userCode));
  return row;
}

const waiting = (deps: ManagementDeps, userCode: string) =>
  and(eq(signIns.userCode, userCode), eq(signIns.status, 'pending'), gt(signIns.expiresAt, deps.now()));

/** Approves or refuses a pending device; false: it is not pending. */
export async function decideDevice(
  deps: ManagementDeps,
  userCode: string,
  personId: string,
  approved: boolean,
): Promise<boolean> {
  const decided = await deps.db
    .update(signIns)
    .set(approved ? { status: 'approved', personId } : { status: 'denied' })
    .where(waiting(deps, userCode))
    .returning({ id: signIns.id });
  return decided.length > 0;
}

/** Answers a device's poll: a session, once, or the reason why not yet. */
export async function pollDevice(
  deps: ManagementDeps,
  deviceCode: string,
): Promise<{ secret: string; expiresIn: number } | { error: DeviceError }> {
  if (!isSecret(PREFIXES.device, deviceCode)) return { error: 'invalid_grant' };
  const byDevice = eq(signIns.deviceHash, deps.crypto.sha256(deviceCode));
  const [row] = await deps.db.select().from(signIns).where(byDevice);
  if (!row) return { error: 'invalid_grant' };
  const now = deps.now();
  if (row.expiresAt <= now) return { error: 'expired_token' };
  if (row.status === 'denied') return { error: 'access_denied' };
  if (row.status === 'pending') {
    await deps.db.update(signIns).set({ lastPollAt: now }).where(eq(signIns.id, row.id));
    const isEarly = row.lastPollAt !== null && now - row.lastPollAt < DEVICE_POLL_SECONDS * 1000 - POLL_TOLERANCE_MS;
    return { error: isEarly ? 'slow_down' : 'authorization_pending' };
  }
  const { row: session, secret } = newSession(deps, row.name, SESSION_MS);
  const approved = and(byDevice, eq(signIns.status, 'approved'), isNotNull(signIns.personId));
  // One transaction: a device code gives one session, however many polls are concurrent.
  const made = deps.db
    .select({
      id: sql`${session.id}`.as('id'),
      personId: signIns.personId,
      name: signIns.name,
      hash: sql`${session.hash}`.as('hash'),
      hint: sql`${session.hint}`.as('hint'),
      createdAt: sql`${session.createdAt}`.as('created_at'),
      expiresAt: sql`${session.expiresAt}`.as('expires_at'),
      lastUsedAt: sql`NULL`.as('last_used_at'),
    })
    .from(signIns)
    .where(approved);
  const [, used] = await deps.db.batch([
    deps.db.insert(sessions).select(made),
    deps.db.delete(signIns).where(approved).returning({ personId: signIns.personId }),
  ]);
  const [{ personId } = { personId: null }] = used;
  if (personId === null) return { error: 'invalid_grant' };
  await tidySessions(deps, personId);
  return { secret, expiresIn: SESSION_MS / 1000 };
}

/**
 * Authorization request of a browser's cookie and the state. PKCE verifier and nonce are derived, not stored, so the database alone
 * completes no sign-in.
 */
const authorizationRequestOf = (
  deps: ManagementDeps,
  browser: string,
  state: string,
  redirectUri: string,
): AuthorizationRequest => ({
  state,
  nonce: deps.mac(`nonce ${browser} ${state}`),
  verifier: deps.mac(`pkce ${browser} ${state}`),
  redirectUri,
});

/** Begins a browser's sign-in at an issuer; `goesOn`: the user code to approve afterwards. Returns the issuer's URL. */
export async function beginBrowser(
  deps: ManagementDeps,
  issuer: Issuer,
  o: { browser: string; redirectUri: string; goesOn?: string; again: boolean },
): Promise<string> {
  await checkPending(deps);
  const state = deps.crypto.token(32);
  const address = await authorizationUrl(deps, issuer, authorizationRequestOf(deps, o.browser, state, o.redirectUri), o.again);
  const now = deps.now();
  await deps.db.insert(signIns).values({
    id: deps.random.uuid(),
    name: 'browser',
    stateHash: deps.crypto.sha256(state),
    browserHash: deps.crypto.sha256(o.browser),
    issuer: issuer.name,
    goesOn: o.goesOn ?? null,
    status: 'pending',
    createdAt: now,
    expiresAt: now + SIGN_IN_MS,
  });
  return address;
}

/** Completes a browser's sign-in: once, in time, and by the browser that began it. Returns the new session, and the user code to approve. */
export async function finishBrowser(
  deps: ManagementDeps,
  o: { browser: string | undefined; redirectUri: string; answer: URLSearchParams },
): Promise<{ secret: string; goesOn: string | null }> {
  const state = o.answer.get('state');
  const { browser } = o;
  const unknownBrowser = new Problem('sign-in-failed', 'this browser did not begin this sign-in, or too long ago: begin again');
  if (state === null || browser === undefined) throw unknownBrowser;
  const [row] = await deps.db
    .delete(signIns)
    .where(
      and(
        eq(signIns.stateHash, deps.crypto.sha256(state)),
        eq(signIns.browserHash, deps.crypto.sha256(browser)),
        gt(signIns.expiresAt, deps.now()),
      ),
    )
    .returning();
  if (!row) throw unknownBrowser;
  const issuer = issuerOf(deps, row.issuer ?? '');
  const identity = await identify(deps, issuer, authorizationRequestOf(deps, browser, state, o.redirectUri), o.answer);
  const person = await upsertPerson(deps, issuer.issuer, identity);
  const { row: session, secret } = newSession(deps, 'browser', BROWSER_SESSION_MS);
  await deps.db.insert(sessions).values({ ...session, personId: person.id });
  await tidySessions(deps, person.id);
  return { secret, goesOn: row.goesOn };
}
