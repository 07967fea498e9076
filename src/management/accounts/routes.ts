import { z } from '@hono/zod-openapi';
import { actorOf } from '../http/access.ts';
import { asPerson } from '../http/auth.ts';
import type { ManagementDeps } from '../deps.ts';
import { operationView } from '../operations/view.ts';
import { Operation } from '../operations/schema.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, iso, json, Page, pageOf } from '../http/shapes.ts';
import { beginDeletion } from './deletion.ts';
import { forgetPerson } from './offboarding.ts';
import { Account, AccountWithLevel, AccountWithToken, Me, NewAccount } from './schema.ts';
import {
  type AccountRow,
  accountsOf,
  type Membership,
  createAccount,
  getAccount,
  listAccounts,
  renameAccount,
} from './service.ts';

/** An account in answers. */
export const accountView = ({ id, name, plan, createdAt }: AccountRow) => ({ id, name, plan, createdAt: iso(createdAt) });
const listed = ({ account, level }: Membership) => ({
  ...accountView(account),
  ...(level && { level }),
  ...(account.deletedAt !== null && { deletedAt: iso(account.deletedAt) }),
});
const tags = ['accounts'];
const ONE = '/accounts/{account}';

/** Routes of no account in particular. */
function general(deps: ManagementDeps) {
  const create = defineRoute(
    deps,
    { requires: 'person-or-operator' },
    {
      method: 'post',
      path: '/accounts',
      summary: 'Make an account',
      description: 'A person becomes its owner. The operator gets its first token, shown this once.',
      operationId: 'createAccount',
      refuses: ['limit-reached'],
      tags,
      request: body(NewAccount),
      responses: { 201: json(AccountWithToken, 'The account') },
    },
  );
  const list = defineRoute(
    deps,
    { requires: 'signed-in' },
    {
      method: 'get',
      path: '/accounts',
      summary: 'List the accounts that you belong to; the operator sees all',
      description: 'A person sees those that they are a member of, a token the one that it is of.',
      operationId: 'listAccounts',
      tags,
      request: { query: z.object(Page) },
      responses: { 200: json(pageOf(AccountWithLevel).openapi('AccountList'), 'The accounts, the oldest first') },
    },
  );
  const me = defineRoute(
    deps,
    { requires: 'signed-in' },
    {
      method: 'get',
      path: '/me',
      summary: 'Who the token stands for, and what it may do',
      description: 'Also how to find out whether a token still works.',
      operationId: 'getMe',
      tags,
      responses: { 200: json(Me, 'Who you are') },
    },
  );
  const forget = defineRoute(
    deps,
    { requires: 'person' },
    {
      method: 'delete',
      path: '/me',
      summary: 'Delete yourself',
      description:
        'You leave every account, and the tokens, invitations and credentials that you made go with you. You are signed out everywhere; ' +
        'who signs in later is somebody new. Accounts that nobody else owns are to be handed over or deleted first.',
      operationId: 'deleteMe',
      refuses: ['conflict'],
      tags,
      responses: { 204: { description: 'You are not known any more' } },
    },
  );
  return { create, list, me, forget };
}

/** Routes of one account. */
function particular(deps: ManagementDeps) {
  const get = defineRoute(
    deps,
    { requires: 'read', allowRestrictedTokens: true },
    {
      method: 'get',
      path: ONE,
      summary: 'Get an account',
      description: 'Its name and plan.',
      operationId: 'getAccount',
      tags,
      request: { params: pathParams('account') },
      responses: { 200: json(Account, 'The account') },
    },
  );
  const rename = defineRoute(
    deps,
    { requires: 'owner' },
    {
      method: 'patch',
      path: ONE,
      summary: 'Rename an account',
      description: 'Its id stays, and so does everything that belongs to it.',
      operationId: 'renameAccount',
      tags,
      request: { params: pathParams('account'), ...body(NewAccount) },
      responses: { 200: json(Account, 'The account') },
    },
  );
  const remove = defineRoute(
    deps,
    { requires: 'owner', allowOperator: true },
    {
      method: 'delete',
      path: ONE,
      summary: 'Delete an account and everything that belongs to it',
      description:
        'Nobody may use it from now on. The operation tells how far it is, also to the tokens and members of the account, ' +
        'until it ends: then they are gone as well.',
      operationId: 'deleteAccount',
      tags,
      request: { params: pathParams('account') },
      responses: { 202: json(Operation, 'It is being deleted') },
    },
  );
  return { get, rename, remove };
}

/** /v1/accounts and /v1/me. */
export function accountRoutes(deps: ManagementDeps) {
  const { create, list, me, forget } = general(deps);
  const { get, rename, remove } = particular(deps);
  return router()
    .openapi(create, async (c) => {
      const { row, token } = await createAccount(deps, c.get('principal'), c.req.valid('json').name);
      return c.json({ ...accountView(row), ...(token !== undefined && { token }) }, 201);
    })
    .openapi(list, async (c) => {
      const { items, next } = await listAccounts(deps, c.get('principal'), c.req.valid('query'));
      return c.json({ items: items.map(listed), ...(next !== undefined && { next }) }, 200);
    })
    .openapi(get, async (c) => c.json(accountView(await getAccount(deps, c.get('access').accountId)), 200))
    .openapi(rename, async (c) => {
      const row = await renameAccount(deps, c.get('access').accountId, c.req.valid('json').name);
      return c.json(accountView(row), 200);
    })
    .openapi(remove, async (c) => c.json(operationView(await beginDeletion(deps, c.get('access').accountId)), 202))
    .openapi(me, async (c) => {
      const who = c.get('principal');
      const accounts = (await accountsOf(deps, who)).map(({ account: { id, name }, level }) => ({ id, name, level }));
      return c.json({ ...actorOf(who), accounts }, 200);
    })
    .openapi(forget, async (c) => {
      await forgetPerson(deps, asPerson(c.get('principal')).id);
      return c.body(null, 204);
    });
}
