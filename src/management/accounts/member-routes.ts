import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, iso, json, Page, pageOf } from '../http/shapes.ts';
import { changeRole, leaveAccount, listMembers, type Member, removeMember, transfer } from './members.ts';
import { MemberView, NewRole, Transfer } from './schema.ts';

const view = ({ personId, name, email, role, createdAt }: Member) => ({
  id: personId,
  name,
  ...(email !== null && { email }),
  role,
  createdAt: iso(createdAt),
});
const tags = ['members'];
const PATH = '/accounts/{account}/members';
const ONE = `${PATH}/{person}` as const;

function definitions(deps: ManagementDeps) {
  const list = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'get',
      path: PATH,
      summary: 'List members',
      description: 'Who belongs to the account, and as what.',
      operationId: 'listMembers',
      tags,
      request: { params: pathParams('account'), query: z.object(Page) },
      responses: { 200: json(pageOf(MemberView).openapi('MemberList'), 'The members, the oldest first') },
    },
  );
  const change = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'patch',
      path: ONE,
      summary: "Change a member's role",
      description:
        'Up to your own level. Who loses level loses the tokens, invitations and credentials that they made in the account.',
      operationId: 'changeMember',
      refuses: ['conflict'],
      tags,
      request: { params: pathParams('account', 'person'), ...body(NewRole) },
      responses: { 200: json(MemberView, 'The member') },
    },
  );
  const remove = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'delete',
      path: ONE,
      summary: 'Remove a member',
      description: 'The tokens, invitations and credentials that they made in the account go with them.',
      operationId: 'removeMember',
      refuses: ['conflict'],
      tags,
      request: { params: pathParams('account', 'person') },
      responses: { 204: { description: 'They are no member any more' } },
    },
  );
  return { list, change, remove };
}

function farewells(deps: ManagementDeps) {
  const go = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'post',
      path: '/accounts/{account}/leave',
      summary: 'Leave an account; its last owner cannot',
      description: 'The tokens, invitations and credentials that you made in the account go with you.',
      operationId: 'leaveAccount',
      refuses: ['conflict'],
      tags,
      request: { params: pathParams('account') },
      responses: { 204: { description: 'You are no member any more' } },
    },
  );
  const handOver = defineRoute(
    deps,
    { requires: 'owner' },
    {
      method: 'post',
      path: '/accounts/{account}/transfer',
      summary: 'Make a member the owner; you are an administrator from then on',
      description: 'An account always has an owner: this is how another one takes over.',
      operationId: 'transferAccount',
      refuses: ['conflict'],
      tags,
      request: { params: pathParams('account'), ...body(Transfer) },
      responses: { 200: json(MemberView, 'The new owner') },
    },
  );
  return { go, handOver };
}

/** /v1/accounts/{account}/members, and leaving it. */
export function memberRoutes(deps: ManagementDeps) {
  const { list, change, remove } = definitions(deps);
  const { go, handOver } = farewells(deps);
  return router()
    .openapi(list, async (c) => {
      const { items, next } = await listMembers(deps, c.get('access').accountId, c.req.valid('query'));
      return c.json({ items: items.map(view), ...(next !== undefined && { next }) }, 200);
    })
    .openapi(change, async (c) => {
      const { person } = c.req.valid('param');
      return c.json(view(await changeRole(deps, c.get('access'), person, c.req.valid('json').role)), 200);
    })
    .openapi(remove, async (c) => {
      await removeMember(deps, c.get('access'), c.req.valid('param').person);
      return c.body(null, 204);
    })
    .openapi(go, async (c) => {
      await leaveAccount(deps, c.get('access'), c.get('principal'));
      return c.body(null, 204);
    })
    .openapi(handOver, async (c) => {
      const { person } = c.req.valid('json');
      return c.json(view(await transfer(deps, c.get('access'), c.get('principal'), person)), 200);
    });
}
