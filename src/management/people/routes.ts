import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { asPerson, PAGES, signedIn } from '../http/auth.ts';
import type { ManagementDeps } from '../deps.ts';
import { DEVICE_POLL_SECONDS, SIGN_IN_MS } from '../limits.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { iso, json } from '../http/shapes.ts';
import * as schema from './schema.ts';
import { endSessions, listSessions, rotateSession, type SessionRow } from './sessions.ts';
import { beginDevice, type DeviceError, pollDevice } from './sign-ins.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const tags = ['people'];

const DESCRIPTIONS: Record<DeviceError, string> = {
  authorization_pending: 'nobody has decided yet',
  slow_down: 'that was too soon: wait 5 seconds longer from now on',
  access_denied: 'it was denied',
  expired_token: 'it took too long: begin again',
  invalid_grant: 'the device code is not known, or was used',
  invalid_request: 'send grant_type and device_code as a form',
  unsupported_grant_type: `grant_type is ${GRANT}`,
};

const form = <T extends z.ZodType>(of: T) => ({
  body: { required: true, content: { 'application/x-www-form-urlencoded': { schema: of } } },
});

function deviceRoutes(deps: ManagementDeps) {
  const issuers = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'get',
      path: '/auth/issuers',
      summary: 'With whom one can sign in',
      description: 'None: nobody signs in here, and API tokens do everything.',
      operationId: 'listIssuers',
      tags,
      responses: { 200: json(z.object({ items: z.array(schema.IssuerView) }).openapi('IssuerList'), 'The issuers') },
    },
  );
  const begin = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'post',
      path: '/auth/device',
      summary: 'Sign a device in: device authorization (RFC 8628)',
      description: 'Show the code and the address; a person approves the device there while it polls.',
      operationId: 'beginDevice',
      refuses: ['sign-in-off'],
      tags,
      request: form(schema.DeviceRequest),
      responses: { 200: json(schema.DeviceAnswer, 'What to show, and what to poll with') },
    },
  );
  const token = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'post',
      path: '/auth/device/token',
      summary: 'Whether the device is signed in by now (RFC 8628)',
      description: 'Refusals are those of the RFC, in its own form. The answer holds a session: send it as bearer token.',
      operationId: 'pollDevice',
      tags,
      request: form(schema.DeviceTokenRequest),
      responses: { 200: json(schema.DeviceToken, 'A session'), 400: json(schema.DeviceRefusal, 'Not yet, or never') },
    },
  );
  return { issuers, begin, token };
}

function sessionRoutes(deps: ManagementDeps) {
  const list = defineRoute(
    deps,
    { requires: 'person' },
    {
      method: 'get',
      path: '/sessions',
      summary: 'Where you are signed in',
      description: 'Devices and browsers, with when they were last used.',
      operationId: 'listSessions',
      tags,
      responses: { 200: json(z.object({ items: z.array(schema.Session) }).openapi('SessionList'), 'Your sessions') },
    },
  );
  const end = defineRoute(
    deps,
    { requires: 'person' },
    {
      method: 'delete',
      path: '/sessions/{session}',
      summary: 'Sign out one device; "self" is the one that asks',
      description: 'It counts at once.',
      operationId: 'deleteSession',
      refuses: ['not-found'],
      tags,
      request: { params: pathParams('session') },
      responses: { 204: { description: 'It is signed out' } },
    },
  );
  const endAll = defineRoute(
    deps,
    { requires: 'person' },
    {
      method: 'delete',
      path: '/sessions',
      summary: 'Sign out everywhere',
      description: 'For when a device is lost. API tokens go on.',
      operationId: 'deleteSessions',
      tags,
      responses: { 204: { description: 'All are signed out, the one that asks too' } },
    },
  );
  const rotate = defineRoute(
    deps,
    { requires: 'person' },
    {
      method: 'post',
      path: '/sessions/self/rotate',
      summary: 'A new secret for the session that asks; the old one ends',
      description: 'Its id and end stay.',
      operationId: 'rotateSession',
      tags,
      responses: { 200: json(schema.SessionWithSecret, 'The session') },
    },
  );
  return { list, end, endAll, rotate };
}

const view = (row: SessionRow, current: string) => ({
  id: row.id,
  name: row.name,
  hint: row.hint,
  current: row.id === current,
  createdAt: iso(row.createdAt),
  expiresAt: iso(row.expiresAt),
  ...(row.lastUsedAt !== null && { lastUsedAt: iso(row.lastUsedAt) }),
});

/** Answers with secrets stay out of every cache (RFC 6749, 5.1). */
const unkept = (c: Context) => c.header('cache-control', 'no-store');

/** /v1/auth/device, /v1/auth/issuers and /v1/sessions. */
export function peopleRoutes(deps: ManagementDeps) {
  const { issuers, begin, token } = deviceRoutes(deps);
  const { list, end, endAll, rotate } = sessionRoutes(deps);
  return router()
    .openapi(issuers, (c) => c.json({ items: deps.issuers.map(({ name, issuer }) => ({ name, issuer })) }, 200))
    .openapi(begin, async (c) => {
      const { device_name: name, issuer } = c.req.valid('form');
      const { deviceCode, userCode } = await beginDevice(deps, { name, ...(issuer !== undefined && { issuer }) });
      const page = `${deps.url ?? new URL(c.req.url).origin}${PAGES.device}`;
      const query = new URLSearchParams({ user_code: userCode, ...(issuer !== undefined && { issuer }) });
      unkept(c);
      return c.json(
        {
          device_code: deviceCode,
          user_code: userCode,
          verification_uri: page,
          verification_uri_complete: `${page}?${query}`,
          expires_in: SIGN_IN_MS / 1000,
          interval: DEVICE_POLL_SECONDS,
        },
        200,
      );
    })
    .openapi(token, async (c) => {
      const { grant_type: grant, device_code: code } = c.req.valid('form');
      unkept(c);
      const refuse = (error: DeviceError) => c.json({ error, error_description: DESCRIPTIONS[error] }, 400);
      if (grant === undefined || code === undefined) return refuse('invalid_request');
      if (grant !== GRANT) return refuse('unsupported_grant_type');
      const answer = await pollDevice(deps, code);
      if ('error' in answer) return refuse(answer.error);
      await signedIn(deps, c, answer.secret);
      return c.json({ access_token: answer.secret, token_type: 'Bearer' as const, expires_in: answer.expiresIn }, 200);
    })
    .openapi(list, async (c) => {
      const { id, sessionId } = asPerson(c.get('principal'));
      return c.json({ items: (await listSessions(deps, id)).map((row) => view(row, sessionId)) }, 200);
    })
    .openapi(end, async (c) => {
      const { id, sessionId } = asPerson(c.get('principal'));
      const { session } = c.req.valid('param');
      await endSessions(deps, id, { id: session === 'self' ? sessionId : session });
      return c.body(null, 204);
    })
    .openapi(endAll, async (c) => {
      await endSessions(deps, asPerson(c.get('principal')).id, 'all');
      return c.body(null, 204);
    })
    .openapi(rotate, async (c) => {
      const { sessionId } = asPerson(c.get('principal'));
      const { row, secret } = await rotateSession(deps, sessionId);
      unkept(c);
      return c.json({ ...view(row, sessionId), session: secret }, 200);
    });
}
