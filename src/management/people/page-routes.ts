import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { PAGES, principalOf, sameHash, signedIn } from '../http/auth.ts';
import type { ManagementDeps } from '../deps.ts';
import { asProblem, Problem, PROBLEMS } from '../http/errors.ts';
import { BROWSER_SESSION_MS, SIGN_IN_MS } from '../limits.ts';
import { type ManagementEnv, router } from '../http/router.ts';
import { defineRoute } from '../http/route.ts';
import { iso } from '../http/shapes.ts';
import type { Issuer } from './issuers.ts';
import { approval, codeForm, headersOf, page, signInChoices, words } from './pages.ts';
import { type PersonRow, personOf } from './sessions.ts';
import { beginBrowser, decideDevice, finishBrowser, issuerOf, userCodeOf, waitingDevice } from './sign-ins.ts';

/** Cookies with this prefix are host-only, Secure and for all paths: other hosts cannot set them. */
const SESSION_COOKIE = '__Host-atoll-session';
const BROWSER_COOKIE = '__Host-atoll-browser';
const BROWSER = /^[\w-]{43}$/;
const tags = ['people'];
const text = z.string().max(2_000);
const userCode = text.openapi({ description: 'The code that the device shows.', example: 'WDJBX-MJHTQ' });
const issuer = text.openapi({ description: 'Name of the issuer.', example: 'company' });

const htmlAnswer = (description: string) => ({ description, content: { 'text/html': { schema: z.string() } } });

function deviceDefinitions(deps: ManagementDeps) {
  const device = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'get',
      path: PAGES.device,
      summary: 'Page: approve a device',
      description: 'Where a person goes with the code that a device shows. Refusals are pages too.',
      operationId: 'showDevice',
      refuses: ['sign-in-off'],
      tags,
      request: { query: z.object({ user_code: userCode.optional(), issuer: issuer.optional() }) },
      responses: { 200: htmlAnswer('A page that asks for the code, for a sign-in, or whether the device may') },
    },
  );
  const answer = z
    .object({
      user_code: userCode,
      csrf: text.openapi({ description: 'From the page.', example: '9b1f...' }),
      decision: z.enum(['approve', 'deny']),
    })
    .openapi('DeviceDecision');
  const decision = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'post',
      path: PAGES.device,
      summary: 'Page: the decision about a device',
      description: 'The form of that page; it needs the cookie and the secret that the page gave.',
      operationId: 'decideDevice',
      refuses: ['unauthenticated', 'conflict'],
      tags,
      request: { body: { required: true, content: { 'application/x-www-form-urlencoded': { schema: answer } } } },
      responses: { 200: htmlAnswer('A page that says what was decided') },
    },
  );
  return { device, decision };
}

function signInDefinitions(deps: ManagementDeps) {
  const signIn = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'get',
      path: PAGES.signIn,
      summary: 'Page: go to an issuer to sign in',
      description: 'OpenID Connect, authorization code flow with PKCE.',
      operationId: 'beginSignIn',
      refuses: ['sign-in-off', 'sign-in-failed', 'issuer-unavailable'],
      tags,
      request: {
        query: z.object({
          issuer,
          user_code: userCode.optional(),
          again: z.literal('1').optional().openapi({ description: 'Have the issuer ask again who it is.' }),
        }),
      },
      responses: { 302: { description: 'To the issuer' } },
    },
  );
  const callback = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'get',
      path: PAGES.callback,
      summary: 'Page: back from the issuer',
      description: 'Leaves a cookie that opens these pages only: the API takes bearer tokens.',
      operationId: 'finishSignIn',
      refuses: ['sign-in-off', 'sign-in-failed', 'issuer-unavailable'],
      tags,
      responses: { 302: { description: 'Signed in: on to the page that asked for it' } },
    },
  );
  return { signIn, callback };
}

type C = Context<ManagementEnv>;

const nonceOf = (deps: ManagementDeps): string => deps.crypto.token(16);
const baseOf = (deps: ManagementDeps, c: C): string => deps.url ?? new URL(c.req.url).origin;

async function show(deps: ManagementDeps, c: C, title: string, content: ReturnType<typeof words>, status: 200 | 400 = 200) {
  const nonce = nonceOf(deps);
  return c.body(String(await page(nonce, title, content)), status, headersOf(nonce));
}

interface Visitor {
  person: PersonRow;
  /** The session of the browser. */
  secret: string;
  /** CSRF token of the device decision. */
  csrf: (userCode: string) => string;
}

/** Person of the browser's session. The cookie works for these pages only: the API takes bearer tokens. */
async function visitorOf(deps: ManagementDeps, c: C): Promise<Visitor | undefined> {
  const secret = getCookie(c, SESSION_COOKIE);
  const who = secret === undefined ? undefined : await principalOf(deps, secret);
  if (who?.type !== 'person') return undefined;
  const person = await personOf(deps, who.id);
  return person && { person, secret: secret ?? '', csrf: (userCode) => deps.mac(`approve ${who.sessionId} ${userCode}`) };
}

function keep(c: C, name: string, value: string, ms: number): void {
  setCookie(c, name, value, { path: '/', secure: true, httpOnly: true, sameSite: 'Lax', maxAge: ms / 1000 });
}

async function showDevice(deps: ManagementDeps, c: C, query: { user_code?: string; issuer?: string }) {
  const base = baseOf(deps, c);
  const typed = query.user_code;
  const userCode = typed === undefined ? undefined : userCodeOf(typed);
  const wished = deps.issuers.filter(({ name }) => name === query.issuer);
  const issuers = wished.length > 0 ? wished : deps.issuers;
  if (issuers.length === 0) throw new Problem('sign-in-off', 'no issuer is configured (ATOLL_OIDC)');
  const address = (issuer: Issuer, again: boolean) => {
    const parameters = {
      issuer: issuer.name,
      ...(userCode !== undefined && { user_code: userCode }),
      ...(again && { again: '1' }),
    };
    return `${base}${PAGES.signIn}?${new URLSearchParams(parameters)}`;
  };
  const visitor = await visitorOf(deps, c);
  if (!visitor) return show(deps, c, 'Sign in', signInChoices({ issuers, address: (issuer) => address(issuer, false) }));
  const { person } = visitor;
  const common = { action: `${base}${PAGES.device}`, person, again: address(issuers[0], true) };
  const row = userCode === undefined ? undefined : await waitingDevice(deps, userCode);
  if (!row || userCode === undefined) {
    const wrong = typed !== undefined;
    return show(deps, c, 'Approve a device', codeForm({ ...common, wrong }), wrong ? 400 : 200);
  }
  const device = { name: row.name, userCode, when: iso(row.createdAt) };
  return show(deps, c, 'Approve this device?', approval({ ...common, device, csrf: visitor.csrf(userCode) }));
}

async function answerDecision(deps: ManagementDeps, c: C, form: { user_code: string; csrf: string; decision: string }) {
  const visitor = await visitorOf(deps, c);
  if (!visitor) throw new Problem('unauthenticated', 'this browser is not signed in any more: open the page again');
  const userCode = userCodeOf(form.user_code) ?? '';
  if (!sameHash(form.csrf, visitor.csrf(userCode)))
    throw new Problem('foreign-origin', 'the form is not from this page, or from another sign-in');
  await signedIn(deps, c, visitor.secret);
  const approved = form.decision === 'approve';
  if (!(await decideDevice(deps, userCode, visitor.person.id, approved))) {
    throw new Problem('conflict', 'the device does not wait any more');
  }
  return approved
    ? show(deps, c, 'The device is signed in', words('You may close this window and go on there.'))
    : show(deps, c, 'The device was denied', words('It gets no access. You may close this window.'));
}

/** Pages for people in a browser: the sign-in, and the approval of devices. */
export function pageRoutes(deps: ManagementDeps) {
  const { device, decision } = deviceDefinitions(deps);
  const { signIn, callback } = signInDefinitions(deps);
  const app = router();
  app.onError(async (error, c) => {
    const problem = asProblem(error);
    if (problem.code === 'internal') console.error(error);
    if (!(c.req.header('accept') ?? '').includes('text/html')) return problem.response(baseOf(deps, c));
    const { status, title } = PROBLEMS[problem.code];
    const nonce = nonceOf(deps);
    return c.body(String(await page(nonce, title, words(problem.message))), status, { ...headersOf(nonce), ...problem.headers });
  });
  return app
    .openapi(device, (c) => showDevice(deps, c, c.req.valid('query')))
    .openapi(decision, (c) => answerDecision(deps, c, c.req.valid('form')))
    .openapi(signIn, async (c) => {
      const { issuer, user_code: typed, again } = c.req.valid('query');
      const kept = getCookie(c, BROWSER_COOKIE);
      const browser = kept !== undefined && BROWSER.test(kept) ? kept : deps.crypto.token(32);
      const goesOn = typed === undefined ? undefined : userCodeOf(typed);
      const address = await beginBrowser(deps, issuerOf(deps, issuer), {
        browser,
        redirectUri: `${baseOf(deps, c)}${PAGES.callback}`,
        ...(goesOn !== undefined && { goesOn }),
        again: again !== undefined,
      });
      keep(c, BROWSER_COOKIE, browser, SIGN_IN_MS);
      return c.redirect(address, 302);
    })
    .openapi(callback, async (c) => {
      const base = baseOf(deps, c);
      const { secret, goesOn } = await finishBrowser(deps, {
        browser: getCookie(c, BROWSER_COOKIE),
        redirectUri: `${base}${PAGES.callback}`,
        answer: new URL(c.req.url).searchParams,
      });
      await signedIn(deps, c, secret);
      keep(c, SESSION_COOKIE, secret, BROWSER_SESSION_MS);
      return c.redirect(`${base}${PAGES.device}${goesOn === null ? '' : `?user_code=${goesOn}`}`, 302);
    });
}
