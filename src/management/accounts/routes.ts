import { actorOf } from '../access.ts';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../router.ts';
import { at, body, define, iso, json } from '../shapes.ts';
import { Account, AccountWithToken, Me, NewAccount } from './schema.ts';
import { type AccountRow, accountsOf, createAccount, getAccount } from './service.ts';

const view = ({ id, name, plan, createdAt }: AccountRow) => ({ id, name, plan, createdAt: iso(createdAt) });
const tags = ['accounts'];

/** /v1/accounts and /v1/me. */
export function accountRoutes(deps: ManagementDeps) {
  const create = define(
    deps,
    { needs: 'founder' },
    {
      method: 'post',
      path: '/accounts',
      summary: 'Make an account',
      operationId: 'createAccount',
      tags,
      request: body(NewAccount),
      responses: { 201: json(AccountWithToken, 'The account') },
    },
  );
  const get = define(
    deps,
    { needs: 'read', confinedToo: true },
    {
      method: 'get',
      path: '/accounts/{account}',
      summary: 'Get an account',
      operationId: 'getAccount',
      tags,
      request: { params: at('account') },
      responses: { 200: json(Account, 'The account') },
    },
  );
  const me = define(
    deps,
    { needs: 'signed-in' },
    {
      method: 'get',
      path: '/me',
      summary: 'Who the token stands for, and what it may do',
      operationId: 'getMe',
      tags,
      responses: { 200: json(Me, 'Who you are') },
    },
  );
  return router()
    .openapi(create, async (c) => {
      const { row, token } = await createAccount(deps, c.get('principal'), c.req.valid('json').name);
      return c.json({ ...view(row), ...(token !== undefined && { token }) }, 201);
    })
    .openapi(get, async (c) => c.json(view(await getAccount(deps, c.get('access').accountId)), 200))
    .openapi(me, async (c) => {
      const who = c.get('principal');
      const accounts = (await accountsOf(deps, who)).map(({ account: { id, name }, level }) => ({ id, name, level }));
      return c.json({ ...actorOf(who), accounts }, 200);
    });
}
