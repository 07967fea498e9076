import { z } from '@hono/zod-openapi';
import { asPerson } from '../http/auth.ts';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, iso, json } from '../http/shapes.ts';
import { acceptInvitation, type InvitationRow, invite, listInvitations, revokeInvitation } from './invitations.ts';
import { accountView } from './routes.ts';
import { Acceptance, InvitationView, InvitationWithSecret, Joined, NewInvitation } from './schema.ts';

const view = (row: InvitationRow) => ({
  id: row.id,
  role: row.role,
  ...(row.email !== null && { email: row.email }),
  createdBy: row.createdBy,
  createdAt: iso(row.createdAt),
  expiresAt: iso(row.expiresAt),
});
const tags = ['members'];
const PATH = '/accounts/{account}/invitations';

function definitions(deps: ManagementDeps) {
  const create = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'post',
      path: PATH,
      summary: 'Invite somebody, at most to your own role',
      description:
        'Whoever has its secret may accept it, once, until it ends; with an address, only the person whose issuer verified that.',
      operationId: 'createInvitation',
      refuses: ['limit-reached'],
      tags,
      request: { params: pathParams('account'), ...body(NewInvitation) },
      responses: { 201: json(InvitationWithSecret, 'The invitation, shown this once') },
    },
  );
  const list = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'get',
      path: PATH,
      summary: 'List invitations that wait',
      description: 'Those that nobody accepted and that did not end yet, without their secrets.',
      operationId: 'listInvitations',
      tags,
      request: { params: pathParams('account') },
      responses: { 200: json(z.object({ items: z.array(InvitationView) }).openapi('InvitationList'), 'The invitations') },
    },
  );
  const revoke = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'delete',
      path: `${PATH}/{invitation}`,
      summary: 'Revoke an invitation',
      description: 'It can be accepted no more.',
      operationId: 'deleteInvitation',
      tags,
      request: { params: pathParams('account', 'invitation') },
      responses: { 204: { description: 'It is gone' } },
    },
  );
  const take = defineRoute(
    deps,
    { requires: 'person' },
    {
      method: 'post',
      path: '/invitations/accept',
      summary: 'Accept an invitation',
      description: 'One that was never made, is too old, revoked, used or for somebody else is answered alike: 404.',
      operationId: 'acceptInvitation',
      refuses: ['not-found', 'conflict', 'limit-reached'],
      tags,
      request: body(Acceptance),
      responses: { 200: json(Joined, 'The account that you belong to now') },
    },
  );
  return { create, list, revoke, take };
}

/** /v1/accounts/{account}/invitations, and accepting one. */
export function invitationRoutes(deps: ManagementDeps) {
  const { create, list, revoke, take } = definitions(deps);
  return router()
    .openapi(create, async (c) => {
      const { row, secret } = await invite(deps, c.get('access'), c.get('principal'), c.req.valid('json'));
      return c.json({ ...view(row), invitation: secret }, 201);
    })
    .openapi(list, async (c) => c.json({ items: (await listInvitations(deps, c.get('access').accountId)).map(view) }, 200))
    .openapi(revoke, async (c) => {
      await revokeInvitation(deps, c.get('access').accountId, c.req.valid('param').invitation);
      return c.body(null, 204);
    })
    .openapi(take, async (c) => {
      const { id } = asPerson(c.get('principal'));
      const { account, level } = await acceptInvitation(deps, id, c.req.valid('json').invitation);
      return c.json({ ...accountView(account), level }, 200);
    });
}
