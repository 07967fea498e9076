import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Server, until } from './server.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server?.dispose());

interface Cluster {
  id: string;
  name: string;
  state: string;
  labels: Record<string, string>;
  expiresAt?: string;
  kubeconfig: string;
}

/** A command that must succeed, with --json. */
async function cluster<T = Cluster>(...words: string[]): Promise<T> {
  const { code, out, err } = await server.atoll(['cluster', ...words, '--json']);
  expect(code, `atoll cluster ${words.join(' ')}\n${out}\n${err}`).toBe(0);
  return JSON.parse(out) as T;
}
const names = async (...words: string[]) => (await cluster<Cluster[]>('list', ...words)).map(({ name }) => name);
/** kubectl with the kubeconfig of a cluster. */
const kubectl = (file: string, words: string) => server.kubectl(words, { env: { KUBECONFIG: join(server.data, file) } });

describe('the CLI', () => {
  it('makes clusters with labels and an end, lists, changes and labels them', async () => {
    const made = await cluster('create', 'one', '--api-only', '-l', 'team=blue', '--label', 'stage=test', '--expires', '2h');
    expect(made.labels).toEqual({ team: 'blue', stage: 'test' });
    expect(Date.parse(made.expiresAt ?? '') - Date.now()).toBeGreaterThan(7_000_000);
    await cluster('create', 'two', '--nodes', '1', '--as-template');
    expect(await names()).toEqual(['demo', 'one', 'two']);
    expect(await names('--label', 'team=blue', '-l', 'stage=test')).toEqual(['one']);
    expect(await names('--template')).toEqual(['two']);
    expect((await cluster('update', 'one', '--name', 'uno', '--no-expires')).expiresAt).toBeUndefined();
    expect((await cluster('label', 'uno', 'team-', 'stage=live')).labels).toEqual({ stage: 'live' });
    const shown = (await server.atoll(['cluster', 'get', 'uno'])).out;
    expect(shown).toMatch(/state\s+ready/);
    expect(shown).toMatch(/labels\s+stage=live/);
    for (const wrong of [
      ['create', 'x', '--expires', 'soon'],
      ['create', 'x', '--label', 'none'],
      ['create', 'x', '--nodes', 'many'],
      ['delete', 'uno', '--grace', '-1'],
    ]) {
      expect((await server.atoll(['cluster', ...wrong])).code, wrong.join(' ')).toBe(2);
    }
  });

  it('deletes, restores under another name, and deletes for good', async () => {
    const made = await cluster('create', 'away', '--api-only');
    expect((await server.kubectl('get namespaces --context atoll-away')).code).toBe(0);
    await server.atoll(['cluster', 'kubeconfig', 'away', '-o', join(server.data, 'away.kubeconfig')]);
    expect((await server.atoll(['cluster', 'delete', 'away'])).out).toBe('cluster away deleted\n');
    expect((await kubectl('away.kubeconfig', 'get namespaces')).code).toBe(1);
    expect(readFileSync(join(server.data, 'kubeconfig'), 'utf8')).not.toContain(made.id);
    expect(await names('--deleted')).toEqual(['away']);
    await cluster('create', 'away', '--api-only');
    const refused = await server.atoll(['cluster', 'restore', 'away']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('under another name')]);
    expect(await cluster('restore', 'away', '--as', 'back')).toMatchObject({ id: made.id, name: 'back', state: 'ready' });
    expect((await kubectl('away.kubeconfig', 'get namespaces')).code).toBe(0);
    for (const name of ['away', 'back']) await cluster('delete', name, '--now');
    expect(await names('--all')).not.toContain('back');
    expect((await server.atoll(['cluster', 'restore', 'back'])).err).toContain('no deleted cluster "back"');
  });

  it('suspends, which ends the watches of those who are connected, and resumes', async () => {
    const watch = server.follow('get configmaps --watch -o name --context atoll-demo');
    await until('the watch is open', () => watch.lines().length > 0);
    expect((await cluster('suspend', 'demo')).state).toBe('suspended');
    const refused = await server.kubectl('get namespaces --context atoll-demo');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('(ServiceUnavailable)')]);
    expect(refused.err).toContain('the cluster is suspended');
    await until('the watch has ended', watch.ended);
    expect((await cluster('resume', 'demo')).state).toBe('ready');
    expect((await server.kubectl('get namespaces --context atoll-demo')).code).toBe(0);
  });
});

describe('a fork', () => {
  it('of a cluster at work is a cluster at work, and goes its own way', async () => {
    await server.atoll(['cluster', 'use', 'demo']);
    await server.ok('create deployment web --image=nginx --replicas=3');
    await server.ok('rollout status deployment/web --timeout=60s');
    const copy = await cluster('fork', 'demo', 'copy', '--kubeconfig', join(server.data, 'copy.kubeconfig'));
    const rev = async (file: string) =>
      (await kubectl(file, 'get deployment web -o jsonpath={.metadata.uid}:{.metadata.resourceVersion}')).out;
    expect(await rev('copy.kubeconfig')).toBe(await rev('kubeconfig'));
    expect((await kubectl('copy.kubeconfig', 'scale deployment web --replicas=5')).code).toBe(0);
    expect((await kubectl('copy.kubeconfig', 'rollout status deployment/web --timeout=60s')).code).toBe(0);
    expect((await server.ok('get pods -o name')).trim().split('\n')).toHaveLength(3);
    expect((await kubectl('copy.kubeconfig', 'get pods -o name')).out.trim().split('\n')).toHaveLength(5);
    expect(copy.kubeconfig).toBe(join(server.data, 'copy.kubeconfig'));
    expect(existsSync(copy.kubeconfig)).toBe(true);
    expect((await cluster('get', 'copy')) as object).toMatchObject({ forkedFrom: (await cluster('get', 'demo')).id });
  });

  it('of a template is how clusters begin', async () => {
    await cluster('update', 'copy', '--template');
    const made = await cluster('create', 'from', '--template', 'copy', '--kubeconfig', join(server.data, 'from.kubeconfig'));
    expect(made.state).toBe('ready');
    expect((await kubectl('from.kubeconfig', 'get deployment web -o jsonpath={.spec.replicas}')).out).toBe('5');
  });
});

describe('the task runner', () => {
  it('ends what expires, and purges what was deleted, also over a kill', async () => {
    const { id } = await cluster('create', 'brief', '--api-only', '--expires', '1s');
    await until('it is deleted', async () => (await cluster('get', id)).state === 'deleted');
    const other = await cluster('create', 'other', '--api-only');
    await cluster('delete', 'other', '--grace', '3s');
    await server.down('SIGKILL');
    await server.up();
    await until('it is gone', async () => (await server.atoll(['cluster', 'get', other.id])).code === 1);
  });
});
