import { expect, it } from 'vitest';
import { isTooDeep } from '../../../src/apiserver/filters/depth.ts';
import { JSON_DEPTH } from '../../../src/apiserver/limits.ts';
import { ApiFixture } from '../../fixtures/api.ts';

const nested = (levels: number, open = '[', close = ']') => `${open.repeat(levels)}1${close.repeat(levels)}`;

it('counts levels, not brackets: neither closed ones nor those in texts', () => {
  expect(isTooDeep(nested(JSON_DEPTH))).toBe(false);
  expect(isTooDeep(nested(JSON_DEPTH + 1))).toBe(true);
  expect(isTooDeep(nested(JSON_DEPTH + 1, '{"a":', '}'))).toBe(true);
  expect(isTooDeep(`[${'[],'.repeat(JSON_DEPTH)}1]`)).toBe(false);
  expect(isTooDeep(`["${'['.repeat(3 * JSON_DEPTH)}"]`)).toBe(false);
  expect(isTooDeep(`["\\"${'['.repeat(3 * JSON_DEPTH)}"]`)).toBe(false);
  expect(isTooDeep(`["\\\\",${nested(2 * JSON_DEPTH)}]`)).toBe(true);
});

it.each(['POST', 'PUT', 'DELETE'])('%s of what is nested too deeply is a bad request', (method) => {
  const path = `/api/v1/namespaces/default/configmaps${method === 'POST' ? '' : '/x'}`;
  const body = `{"metadata":{"name":"x"},"data":${nested(JSON_DEPTH * 5)}}`;
  const answer = new ApiFixture().ask(method, path, body, { 'content-type': 'application/json' });
  expect([answer.status, answer.body.message]).toEqual([400, 'json: exceeded max depth']);
});

it.each(['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'])(
  'a patch of type %s that is nested too deeply is a bad request',
  (type) => {
    const fixture = new ApiFixture();
    fixture.configMap('x');
    const body = type === 'json-patch+json' ? `[${nested(JSON_DEPTH * 5)}]` : `{"data":${nested(JSON_DEPTH * 5)}}`;
    const headers = { 'content-type': `application/${type}` };
    const answer = fixture.ask('PATCH', '/api/v1/namespaces/default/configmaps/x?fieldManager=me', body, headers);
    expect(answer.status).toBe(400);
  },
);

it.each(['/constructor', '/toString/x', '/__proto__', '/api/v1/constructor', '/api/v1/pods?fieldSelector=constructor%3Dx'])(
  'what every JavaScript object inherits is no %s',
  (path) => {
    expect([400, 404]).toContain(new ApiFixture().ask('GET', path).status);
  },
);
