import { describe, expect, it } from 'vitest';
import { clusterOfHost } from '../../../src/management/clusters/host.ts';
import { makeManagement, OPERATOR, ORIGIN } from './world.ts';

const CLUSTERS = '/v1/accounts/self/clusters';
const DAY = 86_400_000;

/** A machine on which 6443 is somebody else's. */
function machine() {
  const open = new Map<string, number>();
  return {
    open,
    listeners: {
      async listen(id: string, port: number) {
        if (port === 6443 || [...open].some(([other, taken]) => taken === port && other !== id)) return 'is in use';
        open.set(id, port);
        return undefined;
      },
      async close(id: string) {
        open.delete(id);
      },
    },
  };
}

async function world(more: Parameters<typeof makeManagement>[0] = {}) {
  const { open, listeners } = machine();
  const management = makeManagement({ listeners, ...more });
  const { token, id: account } = await management.account('alice');
  const call = (method: string, path: string, body?: unknown) => management.call(token, method, `${CLUSTERS}${path}`, body);
  const plan = (name: string) => management.call(OPERATOR, 'PATCH', `/v1/accounts/${account}/plan`, { plan: name });
  return { ...management, open, call, plan };
}
const serverIn = (kubeconfig: string): string => JSON.parse(kubeconfig).clusters[0].cluster.server;

describe('[MG69] a port of its own', () => {
  it('is in the address, in kubeconfigs, and told', async () => {
    const { call, open } = await world();
    const made = await call('POST', '', { name: 'lab', apiOnly: true, port: 7000 });
    const server = `${ORIGIN}:7000`;
    expect(made.body).toMatchObject({ port: 7000, server });
    expect(serverIn(made.body.kubeconfig)).toBe(server);
    expect(serverIn((await call('POST', '/lab/kubeconfig', {})).text)).toBe(server);
    expect((await call('GET', '')).body.items[0]).toMatchObject({ port: 7000, server });
    expect(Object.fromEntries(open)).toEqual({ [made.body.id]: 7000 });
  });

  it('can be changed, and taken away', async () => {
    const { call, open } = await world();
    const { body } = await call('POST', '', { name: 'lab', apiOnly: true });
    expect(body.port).toBeUndefined();
    expect((await call('PATCH', '/lab', { port: 7001 })).body.server).toBe(`${ORIGIN}:7001`);
    expect((await call('PATCH', '/lab', { port: 7002 })).body.port).toBe(7002);
    expect((await call('PATCH', '/lab', { labels: { a: 'b' } })).body.port).toBe(7002);
    expect(open.get(body.id)).toBe(7002);
    const none = await call('PATCH', '/lab', { port: null });
    expect([none.body.port, none.body.server]).toEqual([undefined, `${ORIGIN}/clusters/${body.id}`]);
    expect(open.size).toBe(0);
  });

  it('that cannot be had is refused, and nothing is made or changed', async () => {
    const { call, open } = await world();
    const refused = await call('POST', '', { name: 'lab', apiOnly: true, port: 6443 });
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([409, 'port-unavailable', 'port 6443 is in use']);
    await call('POST', '', { name: 'lab', apiOnly: true, port: 7000 });
    expect((await call('PATCH', '/lab', { port: 6443 })).body.code).toBe('port-unavailable');
    expect((await call('GET', '/lab')).body.port).toBe(7000);
    // The name is taken: the port that was opened for the new one is closed again.
    expect((await call('POST', '', { name: 'lab', apiOnly: true, port: 7001 })).body.code).toBe('name-taken');
    expect([...open.values()]).toEqual([7000]);
    expect((await call('POST', '', { name: 'x', port: 0 })).body.code).toBe('invalid-request');
    expect((await call('POST', '', { name: 'x', template: 'lab', port: 7003 })).body.code).toBe('invalid-request');
  });

  it('that was opened for a change which fails is closed again, or is the former one', async () => {
    const { call, open } = await world();
    const lab = (await call('POST', '', { name: 'lab', apiOnly: true })).body.id;
    await call('POST', '', { name: 'other', apiOnly: true });
    expect((await call('PATCH', '/lab', { name: 'other', port: 7001 })).body.code).toBe('name-taken');
    expect(open.size).toBe(0);
    await call('PATCH', '/lab', { port: 7002 });
    expect((await call('PATCH', '/lab', { name: 'other', port: 7001 })).body.code).toBe('name-taken');
    expect(Object.fromEntries(open)).toEqual({ [lab]: 7002 });
    expect((await call('GET', '/lab')).body.port).toBe(7002);
  });

  it('is free again when its cluster is deleted, expires, or its account goes', async () => {
    const { call, clock, open, taskRunner, deps } = await world();
    await call('POST', '', { name: 'a', apiOnly: true, port: 7000 });
    await call('POST', '', { name: 'b', apiOnly: true, port: 7001 });
    await call('POST', '', { name: 'c', apiOnly: true, port: 7002, expiresIn: 60 });
    const deleted = await call('DELETE', '/a');
    expect([deleted.body.port, [...open.values()]]).toEqual([undefined, [7001, 7002]]);
    await call('DELETE', '/b?grace=0');
    expect([...open.values()]).toEqual([7002]);
    await taskRunner.run(deps, clock, clock.now + DAY);
    expect(open.size).toBe(0);
    expect((await call('GET', '?state=all')).body.items.map(({ port }: { port?: number }) => port)).not.toContain(7002);
  });

  it('counts in the plan', async () => {
    const { call, plan } = await world();
    await plan('free');
    const refused = await call('POST', '', { name: 'lab', apiOnly: true, port: 7000 });
    expect([refused.status, refused.body.code]).toEqual([429, 'limit-reached']);
    await plan('standard');
    for (let n = 0; n < 2; n++)
      expect((await call('POST', '', { name: `lab${n}`, apiOnly: true, port: 7000 + n })).status).toBe(201);
    await plan('free');
    // What has one keeps it, but moves no more while others have theirs.
    expect((await call('PATCH', '/lab0', { port: 7005 })).body.code).toBe('limit-reached');
  });

  it('is none of a deployment without a machine', async () => {
    const management = makeManagement();
    const { token } = await management.account('alice');
    const refused = await management.call(token, 'POST', CLUSTERS, { name: 'lab', port: 7000 });
    expect([refused.status, refused.body.code]).toEqual([400, 'invalid-request']);
  });
});

describe('[MG69] a host name of its own', () => {
  it('is the address where the deployment has a domain', async () => {
    const { call } = await world({ clusterDomain: 'clusters.example.com', url: 'https://api.example.com' });
    const { body } = await call('POST', '', { name: 'lab', apiOnly: true });
    expect([body.server, serverIn(body.kubeconfig)]).toEqual(Array(2).fill(`https://${body.id}.clusters.example.com`));
  });

  it('is told from others', () => {
    const of = (host: string) => clusterOfHost(host, 'clusters.example.com');
    expect(of('abc.clusters.example.com')).toBe('abc');
    expect(of('ABC.Clusters.example.com:8443')).toBe('abc');
    for (const host of [
      '',
      'clusters.example.com',
      '.clusters.example.com',
      'a.b.clusters.example.com',
      'abcclusters.example.com',
      'abc.clusters.example.com.evil.example',
      'api.example.com',
    ]) {
      expect(of(host), host).toBeUndefined();
    }
  });
});
