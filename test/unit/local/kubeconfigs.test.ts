import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeContext, type Kubeconfig, addContext, readKubeconfig, writePrivate } from '../../../src/local/kubeconfigs.ts';
import { kubeconfig } from '../../../src/management/clusters/kubeconfig.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const of = (name: string, server: string, token = 't'): Kubeconfig => JSON.parse(kubeconfig({ name, server, token }));
const empty = () => readKubeconfig(join(folder, 'none'));

it('a new cluster becomes the current context', () => {
  const both = addContext(addContext(empty(), of('a', 'https://h/a')), of('b', 'https://h/b'));
  expect(both['current-context']).toBe('atoll-b');
  expect(both.clusters.map((c) => c.name)).toEqual(['atoll-a', 'atoll-b']);
});

it('a newer credential of the same cluster replaces the older', () => {
  const twice = addContext(addContext(empty(), of('a', 'https://h/a', 'old')), of('a', 'https://h/a', 'new'));
  expect(twice.users).toEqual([{ name: 'atoll-a', user: { token: 'new' } }]);
  expect(twice.contexts).toEqual([{ name: 'atoll-a', context: { cluster: 'atoll-a', user: 'atoll-a' } }]);
});

it("a cluster of the same name but another account's does not overwrite", () => {
  const both = addContext(addContext(empty(), of('a', 'https://h/1')), of('a', 'https://h/2'));
  expect(both.clusters.map((c) => [c.name, c.cluster.server])).toEqual([
    ['atoll-a', 'https://h/1'],
    ['atoll-a-2', 'https://h/2'],
  ]);
  expect(both.contexts[1]).toEqual({ name: 'atoll-a-2', context: { cluster: 'atoll-a-2', user: 'atoll-a-2' } });
});

it('a deleted cluster takes its context along, and another becomes current', () => {
  const both = addContext(addContext(empty(), of('a', 'https://h/a')), of('b', 'https://h/b'));
  const left = removeContext(both, 'https://h/b');
  expect(left['current-context']).toBe('atoll-a');
  expect([left.clusters, left.users, left.contexts].map((list) => list.length)).toEqual([1, 1, 1]);
  expect(removeContext(left, 'https://h/other')).toBe(left);
});

it('files are read by their owner alone, and a foreign file is not overwritten', () => {
  const file = join(folder, 'deep', 'kubeconfig');
  writePrivate(file, '{}');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, 'apiVersion: v1\nkind: Pod\n');
  expect(() => readKubeconfig(file)).toThrow(/not a kubeconfig; move it away/);
});

it('a file that kubectl has rewritten is read on, and what it set stays', () => {
  const file = join(folder, 'kubeconfig');
  const written = `apiVersion: v1
clusters:
- cluster:
    server: https://h/a
  name: atoll-a
contexts:
- context:
    cluster: atoll-a
    namespace: team
    user: atoll-a
  name: atoll-a
current-context: atoll-a
kind: Config
users:
- name: atoll-a
  user:
    token: old
`;
  writeFileSync(file, written);
  const twice = addContext(readKubeconfig(file), of('a', 'https://h/a', 'new'));
  expect(twice.users).toEqual([{ name: 'atoll-a', user: { token: 'new' } }]);
  expect(twice.contexts).toEqual([{ name: 'atoll-a', context: { cluster: 'atoll-a', namespace: 'team', user: 'atoll-a' } }]);
  writeFileSync(file, 'apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\n');
  expect(addContext(readKubeconfig(file), of('b', 'https://h/b'))['current-context']).toBe('atoll-b');
});
