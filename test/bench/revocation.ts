import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, quantile, type Target, targetOf } from './client.ts';
import type { Ours } from './ours.ts';

/** Clusters whose object sleeps under an open watch. */
const ASLEEP = 5;
/** An object is evicted after ten quiet seconds. */
const ASLEEP_MS = 14_000;
/** Credentials and tokens that are revoked while many connections use them. */
const ROUNDS = 10;
const CONNECTIONS = 16;
const SETTLED_MS = 300;

export interface Revocation {
  /** From the DELETE on its way to the last request that was sent and let in, ms: of a cluster's credential, of an API token. */
  credential: number[];
  token: number[];
  /** To the end of a watch whose object slept, ms. */
  watch: number[];
}

/** Sends requests on all connections without a pause; says when the last that was let in was sent, from the revocation on. */
async function last(targets: Target[], path: string, revoke: () => Promise<unknown>): Promise<number> {
  const connections = await Promise.all(targets.map((target) => new Connection(target).open()));
  let at = 0;
  let stop = false;
  const work = connections.map(async (connection) => {
    const request = connection.encode('GET', path);
    while (!stop) {
      const sent = performance.now();
      if ((await connection.send(request)).status === 200) at = Math.max(at, sent);
    }
    connection.close();
  });
  await sleep(SETTLED_MS);
  const from = performance.now();
  await revoke();
  await sleep(SETTLED_MS);
  stop = true;
  await Promise.all(work);
  return Math.max(0, at - from);
}

/** How soon what is revoked is dead: on connections that are busy with it, and at watches that sleep. */
export async function revocation(ours: Ours): Promise<Revocation> {
  const found: Revocation = { credential: [], token: [], watch: [] };
  const { server } = ours;
  const account: Target = { host: 'localhost', port: server.port, prefix: '', ca: server.ca, token: server.credentials.token };
  const manager = await new Connection(account).open();
  const del = (path: string) => manager.send(manager.encode('DELETE', path));
  const clusters = '/v1/accounts/self/clusters';
  const issue = async (cluster: string, name: string) => {
    const { kubeconfig, id } = await credentialOf(manager, `${clusters}/${cluster}`, name);
    return { target: targetOf(kubeconfig), path: `${clusters}/${cluster}/credentials/${id}` };
  };
  for (let n = 0; n < ROUNDS; n++) {
    const { target, path } = await issue('demo', `round-${n}`);
    const all = Array.from({ length: CONNECTIONS }, () => target);
    found.credential.push(await last(all, '/api', () => del(path)));
    const made = await manager.json<{ id: string; token: string }>('POST', '/v1/accounts/self/tokens', { name: `round-${n}` });
    const bearers = Array.from({ length: CONNECTIONS }, () => ({ ...account, token: made.token }));
    found.token.push(await last(bearers, '/v1/me', () => del(`/v1/accounts/self/tokens/${made.id}`)));
  }
  const watches: { ended: Promise<number>; path: string }[] = [];
  for (let n = 0; n < ASLEEP; n++) {
    await ours.make(`watched-${n}`, true);
    const { target, path } = await issue(`watched-${n}`, 'watching');
    const connection = await new Connection(target).open();
    const ended = new Promise<number>((resolve) => {
      connection.stream(connection.encode('GET', '/api/v1/secrets?watch=1&timeoutSeconds=600'), (chunk) => {
        if (chunk.toString('latin1').endsWith('0\r\n\r\n')) resolve(performance.now());
      });
    });
    watches.push({ ended, path });
  }
  await sleep(ASLEEP_MS);
  for (const { ended, path } of watches) {
    const from = performance.now();
    await del(path);
    found.watch.push((await ended) - from);
  }
  manager.close();
  return found;
}

/** A kubeconfig of a cluster and the id of its credential, which the list names. */
async function credentialOf(manager: Connection, cluster: string, name: string): Promise<{ kubeconfig: string; id: string }> {
  const answer = await manager.send(manager.encode('POST', `${cluster}/kubeconfig`, JSON.stringify({ name })));
  const kubeconfig = answer.body.toString();
  const { items } = await manager.json<{ items: { id: string; name: string }[] }>('GET', `${cluster}/credentials`);
  const id = items.find((item) => item.name === name)?.id;
  if (id === undefined) throw new Error(`no credential ${name}`);
  return { kubeconfig, id };
}

/** The worst and the middle of a figure. */
export const worst = (times: number[]): { p50: number; most: number } => ({
  p50: quantile(times, 0.5),
  most: Math.max(...times),
});
