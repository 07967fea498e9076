import { describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { ApiFixture } from '../../fixtures/api.ts';

/** Creates an object, then updates it with another spec and the version of the first answer. */
function updated(path: string, apiVersion: string, kind: string, spec: Obj, change: Obj) {
  const api = new ApiFixture();
  const ask = (method: string, at: string, body: Obj) =>
    api.ask(method, at, JSON.stringify(body), { 'content-type': 'application/json' });
  const made = ask('POST', path, { apiVersion, kind, metadata: { name: 'x' }, spec });
  expect(made.status, made.text).toBe(201);
  const { name, resourceVersion } = made.body.metadata;
  return {
    made,
    answer: ask('PUT', `${path}/x`, { apiVersion, kind, metadata: { name, resourceVersion }, spec: { ...spec, ...change } }),
  };
}

describe('drivers of volumes', () => {
  const path = '/apis/storage.k8s.io/v1/csidrivers';
  const update = (change: Obj) => updated(path, 'storage.k8s.io/v1', 'CSIDriver', { podInfoOnMount: false }, change);

  it('count generations from the first change of any part of the spec', () => {
    const { made, answer } = update({ podInfoOnMount: true });
    expect([made.body.metadata.generation, answer.body.metadata.generation]).toEqual([undefined, 1]);
    expect(update({ fsGroupPolicy: 'File' }).answer.body.metadata.generation).toBe(1);
    expect(update({ requiresRepublish: true }).answer.body.metadata.generation).toBe(1);
    expect(update({}).answer.body.metadata.generation).toBeUndefined();
  });

  it('warn of tokens outside secrets when the tokens change', () => {
    const tokenRequests = [{ audience: 'a' }];
    const { made, answer } = update({ tokenRequests });
    expect([made.headers.warning, answer.headers.warning]).toEqual([
      undefined,
      expect.stringContaining('spec.serviceAccountTokenInSecrets is unset'),
    ]);
    expect(update({ tokenRequests, serviceAccountTokenInSecrets: true }).answer.headers.warning).toBeUndefined();
  });
});

describe('templates of claims', () => {
  const path = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates';
  const devices = (deviceClassName: string) => ({
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName } }] } },
  });
  const update = (change: Obj) => updated(path, 'resource.k8s.io/v1', 'ResourceClaimTemplate', devices('gpu'), change).answer;

  it('keep their spec', () => {
    expect(update({}).status).toBe(200);
    const { status, body } = update(devices('other'));
    expect([status, body.details.causes.map((cause: Obj) => [cause.field, cause.message.split(': ').at(-1)])]).toEqual([
      422,
      [['spec', 'field is immutable']],
    ]);
  });
});
