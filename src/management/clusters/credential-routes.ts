import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ManagementDeps } from '../deps.ts';
import { type ManagementEnv, router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, expiryOf, headers, iso, json, MS, Page, pageOf } from '../http/shapes.ts';
import { Credential, CredentialRotation, CredentialsRotation, NewKubeconfig } from './credential-schema.ts';
import {
  type CredentialRow,
  issueCredential,
  listCredentials,
  revokeCredential,
  rotateAll,
  rotateCredential,
} from './credentials.ts';
import { kubeconfigFor } from './kubeconfig.ts';

const view = (row: CredentialRow) => ({
  id: row.id,
  name: row.name,
  username: row.username,
  ...(row.groups && { groups: row.groups }),
  role: row.role,
  hint: row.hint,
  createdBy: row.createdBy,
  createdAt: iso(row.createdAt),
  ...(row.expiresAt !== null && { expiresAt: iso(row.expiresAt) }),
  ...(row.revokedAt !== null && { revokedAt: iso(row.revokedAt) }),
});
const tags = ['credentials'];
const ONE = '/accounts/{account}/clusters/{cluster}';
const kubeconfigAnswer = {
  description: 'A kubeconfig with the new credential, whose secret is shown this once',
  ...headers({ 'X-Credential-Id': 'Id of the new credential.' }),
  content: { 'application/yaml': { schema: z.string().openapi({ example: 'apiVersion: v1\nkind: Config\n...\n' }) } },
};

/** Issuing, listing and revoking. */
function definitions(deps: ManagementDeps) {
  const create = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'post',
      path: `${ONE}/kubeconfig`,
      summary: 'A kubeconfig with a new credential',
      description: 'It lets in as you, or as somebody whom you name, until it ends or is revoked.',
      operationId: 'createKubeconfig',
      refuses: ['conflict', 'limit-reached'],
      tags,
      request: { params: pathParams('account', 'cluster'), ...body(NewKubeconfig) },
      responses: { 201: kubeconfigAnswer },
    },
  );
  const list = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'get',
      path: `${ONE}/credentials`,
      summary: 'List the credentials of a cluster',
      description: 'Those that still let somebody in, and those that are being revoked.',
      operationId: 'listCredentials',
      tags,
      request: { params: pathParams('account', 'cluster'), query: z.object(Page) },
      responses: { 200: json(pageOf(Credential).openapi('CredentialList'), 'Its credentials, the oldest first') },
    },
  );
  const remove = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'delete',
      path: `${ONE}/credentials/{credential}`,
      summary: 'Revoke a credential: one of your own, or any from the level "write" on',
      description: 'The cluster refuses it within a second.',
      operationId: 'deleteCredential',
      tags,
      request: { params: pathParams('account', 'cluster', 'credential') },
      responses: { 204: { description: 'It lets nobody in any more, and the watches that it opened are closed' } },
    },
  );
  return { create, list, remove };
}

/** Rotation. */
function rotations(deps: ManagementDeps) {
  const one = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'post',
      path: `${ONE}/credentials/{credential}/rotate`,
      summary: 'A new credential in the place of one that you made',
      description:
        'With the same name, rights and end. The old one is revoked at once, or works on for the overlap that you ask for.',
      operationId: 'rotateCredential',
      refuses: ['conflict'],
      tags,
      request: { params: pathParams('account', 'cluster', 'credential'), ...body(CredentialRotation) },
      responses: { 201: kubeconfigAnswer },
    },
  );
  const all = defineRoute(
    deps,
    { requires: 'write' },
    {
      method: 'post',
      path: `${ONE}/credentials/rotate`,
      summary: 'Revoke every credential of a cluster but a new one for you',
      description: 'For when somebody may have got hold of one: everybody needs a new kubeconfig.',
      operationId: 'rotateCredentials',
      refuses: ['conflict'],
      tags,
      request: { params: pathParams('account', 'cluster'), ...body(CredentialsRotation) },
      responses: { 201: kubeconfigAnswer },
    },
  );
  return { one, all };
}

/** /v1/accounts/{account}/clusters/{cluster}: kubeconfig and credentials. */
export function credentialRoutes(deps: ManagementDeps) {
  const { create, list, remove } = definitions(deps);
  const { one, all } = rotations(deps);
  const answer = (c: Context<ManagementEnv>, { row, token }: { row: CredentialRow; token: string }) =>
    c.body(kubeconfigFor(deps, c.get('cluster'), c.req.url, token), 201, {
      'content-type': 'application/yaml',
      'x-credential-id': row.id,
    });
  const asked = (c: Context<ManagementEnv>) => [deps, c.get('access'), c.get('principal'), c.get('cluster')] as const;
  return router()
    .openapi(create, async (c) => {
      const { expiresAt, expiresIn, ...request } = c.req.valid('json');
      const expires = expiryOf(deps.now(), { expiresAt, expiresIn });
      return answer(c, await issueCredential(...asked(c), { ...request, expires }));
    })
    .openapi(list, async (c) => {
      const { items, next } = await listCredentials(deps, c.get('cluster'), c.req.valid('query'));
      return c.json({ items: items.map(view), ...(next !== undefined && { next }) }, 200);
    })
    .openapi(remove, async (c) => {
      await revokeCredential(...asked(c), c.req.valid('param').credential);
      return c.body(null, 204);
    })
    .openapi(one, async (c) => {
      const { overlapSeconds } = c.req.valid('json');
      return answer(c, await rotateCredential(...asked(c), c.req.valid('param').credential, overlapSeconds * MS));
    })
    .openapi(all, async (c) => answer(c, await rotateAll(...asked(c), c.req.valid('json').name)));
}
