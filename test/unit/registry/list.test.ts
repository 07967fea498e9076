import { beforeEach, describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { CONTINUE_TTL_MS } from '../../../src/registry/limits.ts';
import { minimal } from '../../fixtures/objects.ts';
import { RegistryBench, refusal } from '../../host/make-registry.ts';

describe('lists', () => {
  let bench: RegistryBench;
  const kind = () => bench.kind('configmaps');
  const make = (name: string, more: Obj = {}, namespace = 'default') => {
    const object = minimal(kind(), name, { namespace, ...more });
    bench.registry.create(kind(), object, bench.options(kind(), { namespace }));
  };
  const list = (o: Obj) => bench.registry.list(kind(), o);
  const names = (o: Obj) => list(o).rows.map((row) => row.name);

  beforeEach(() => {
    bench = new RegistryBench();
    for (const name of ['a', 'b', 'c', 'd', 'e']) make(name);
  });

  it('[REG31] shows one revision on every page while writes go on', () => {
    const first = list({ namespace: 'default', limit: 2 });
    expect(first.rows.map((row) => row.name)).toEqual(['a', 'b']);
    expect(first.remaining).toBe(3);
    bench.remove(kind(), 'c');
    make('bb');
    const second = list({ namespace: 'default', limit: 2, continue: first.continue });
    expect(second.rows.map((row) => row.name)).toEqual(['c', 'd']);
    expect(second.revision).toBe(first.revision);
    const last = list({ namespace: 'default', limit: 2, continue: second.continue });
    expect(last.rows.map((row) => row.name)).toEqual(['e']);
    expect(last.continue).toBeUndefined();
    expect(last.remaining).toBeUndefined();
  });

  it('[REG31] the greatest limit is no limit, also of a list at a revision', () => {
    const limit = Number('9223372036854775807');
    const { revision } = list({ limit });
    expect(names({ limit })).toEqual(['a', 'b', 'c', 'd', 'e']);
    make('f');
    const past = { limit, resourceVersion: String(revision), resourceVersionMatch: 'Exact' };
    expect(names(past)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it("[REG31] speaks upstream's tokens", () => {
    const { continue: token = '', revision } = list({ namespace: 'default', limit: 2 });
    expect(JSON.parse(Buffer.from(token, 'base64url').toString())).toEqual({ v: 'meta.k8s.io/v1', rv: revision, start: 'b\0' });
    const all = list({ limit: 2 });
    expect(JSON.parse(Buffer.from(all.continue ?? '', 'base64url').toString()).start).toBe('default/b\0');
    expect(refusal(() => list({ continue: '!!' })).message).toMatch(/^invalid continue token: continue key is not valid/);
    expect(refusal(() => list({ continue: token, resourceVersion: '3' })).message).toBe(
      'specifying resource version is not allowed when using continue',
    );
  });

  it('[REG31] pages across namespaces', () => {
    make('a', {}, 'other');
    const first = list({ limit: 5 });
    expect(list({ limit: 5, continue: first.continue }).rows.map((row) => `${row.namespace}/${row.name}`)).toEqual(['other/a']);
  });

  it('[REG31] does not count what selectors leave', () => {
    expect(list({ namespace: 'default', limit: 2, labelSelector: 'app=x' })).not.toHaveProperty('remaining');
  });

  it('[REG32] ends old pages with 410 and a token that goes on', () => {
    const first = list({ namespace: 'default', limit: 2 });
    make('f');
    bench.registry.store.compact(bench.registry.store.revision());
    const status = refusal(() => list({ namespace: 'default', limit: 2, continue: first.continue }));
    expect(status).toMatchObject({ code: 410, reason: 'Expired' });
    expect(status.message).toContain('or use the continue token in this response to retrieve the remainder of the results');
    expect(names({ namespace: 'default', continue: status.metadata.continue })).toEqual(['c', 'd', 'e', 'f']);
  });

  it('[REG32] ends pages of lists that began too long ago', () => {
    const began = 1_000_000;
    const first = list({ namespace: 'default', limit: 2, now: began });
    const page = (token: string | undefined, now: number) => list({ namespace: 'default', limit: 2, continue: token, now });
    const second = page(first.continue, began + CONTINUE_TTL_MS);
    expect(second.rows.map((row) => row.name)).toEqual(['c', 'd']);
    const status = refusal(() => page(second.continue, began + CONTINUE_TTL_MS + 1));
    expect(status).toMatchObject({ code: 410, reason: 'Expired' });
    expect(page(status.metadata.continue, began + 2 * CONTINUE_TTL_MS).rows.map((row) => row.name)).toEqual(['e']);
  });

  it('[REG31] [REG33] words bad tokens and versions as Go does', () => {
    const lead = 'invalid continue token: continue key is not valid: ';
    const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(refusal(() => list({ continue: 'x' })).message).toBe(`${lead}illegal base64 data at input byte 0`);
    expect(refusal(() => list({ continue: 'eA' })).message).toBe(`${lead}invalid character 'x' looking for beginning of value`);
    expect(refusal(() => list({ continue: token({ v: 'meta.k8s.io/v1', rv: '1', start: 'x' }) })).message).toBe(
      `${lead}json: cannot unmarshal string into Go struct field continueToken.rv of type int64`,
    );
    expect(refusal(() => list({ resourceVersion: 'X' })).message).toBe(
      'invalid resource version: resourceVersion: Invalid value: "X": strconv.ParseUint: parsing "X": invalid syntax',
    );
    expect(refusal(() => list({ resourceVersion: '9'.repeat(20) })).message).toMatch(/: value out of range$/);
  });

  it('[REG32] [REG33] lists at a revision, not before the horizon and not in the future', () => {
    make('f');
    const then = bench.registry.store.revision();
    bench.remove(kind(), 'a');
    expect(names({ resourceVersion: String(then), resourceVersionMatch: 'Exact' })).toContain('a');
    expect(names({ resourceVersion: String(then), limit: 1 })).toEqual(['a']);
    expect(names({ resourceVersion: String(then), resourceVersionMatch: 'NotOlderThan' })).not.toContain('a');
    expect(names({ resourceVersion: '0' })).not.toContain('a');
    expect(refusal(() => list({ resourceVersion: '9999' }))).toMatchObject({
      code: 504,
      reason: 'Timeout',
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
    expect(refusal(() => list({ resourceVersion: 'x' })).code).toBe(400);
    bench.registry.store.compact(bench.registry.store.revision());
    expect(refusal(() => list({ resourceVersion: String(then), resourceVersionMatch: 'Exact' })).message).toBe(
      'The resourceVersion for the provided list is too old.',
    );
  });

  it('[REG30] evaluates every operator of label selectors', () => {
    make('n', { labels: { size: '12', 'example.com/tier': 'back' } });
    expect(names({ labelSelector: 'size>10' })).toEqual(['n']);
    expect(names({ labelSelector: 'size<10' })).toEqual([]);
    expect(names({ labelSelector: 'example.com/tier=back' })).toEqual(['n']);
    expect(names({ labelSelector: 'example.com/tier notin (front)' })).toEqual(['a', 'b', 'c', 'd', 'e', 'n']);
    expect(names({ labelSelector: `app in (${Array.from({ length: 80 }, (_, i) => `v${i}`).join(',')},x)` })).toHaveLength(5);
  });

  it('[REG30] [REG34] evaluates field selectors, absent values as ""', () => {
    const pods = bench.kind('pods');
    for (const [name, node] of [
      ['one', 'n1'],
      ['two', undefined],
    ] as const) {
      const pod = minimal(pods, name);
      if (node) pod.spec.nodeName = node;
      bench.registry.create(pods, pod, bench.options(pods));
    }
    const podNames = (fieldSelector: string) => bench.registry.list(pods, { fieldSelector }).rows.map((row) => row.name);
    expect(podNames('spec.nodeName=n1')).toEqual(['one']);
    expect(podNames('spec.nodeName=')).toEqual(['two']);
    expect(podNames('spec.nodeName!=n1,status.phase=Pending')).toEqual(['two']);
    expect(podNames('metadata.namespace=default,metadata.name=two')).toEqual(['two']);
    expect(podNames('metadata.namespace=other')).toEqual([]);
    expect(refusal(() => podNames('spec.bogus=1')).message).toBe('field label not supported: spec.bogus');
  });
});
