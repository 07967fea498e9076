import { expect, it } from 'vitest';
import { ApiFixture } from '../../fixtures/api.ts';

const NAMESPACES = '/api/v1/namespaces';
const JSON_TYPE = { 'content-type': 'application/json' };
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
const twice = { name: 'UPPER', ownerReferences: [owner, owner] };

it('[API13] a refused write sends the warnings that came before the refusal, each once', () => {
  const api = new ApiFixture();
  const create = (metadata: object) =>
    api.ask(
      'POST',
      `${NAMESPACES}/default/configmaps`,
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata }),
      JSON_TYPE,
    );
  const refused = create(twice);
  const created = create({ ...twice, name: 'a' });
  expect([refused.status, created.status]).toEqual([422, 201]);
  expect(created.headers.warning).toContain('duplicate');
  expect(refused.headers.warning).toBe(created.headers.warning);
});

it('[API13] a refused patch sends them too', () => {
  const api = new ApiFixture();
  const type = { 'content-type': 'application/merge-patch+json' };
  const { status, headers } = api.ask('PATCH', `${NAMESPACES}/default`, '{"bogus":1,"metadata":{"labels":{"a":"!"}}}', type);
  expect([status, headers.warning]).toEqual([422, '299 - "unknown field \\"bogus\\""']);
});
