import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AUDIT_WAIT_MS, USAGE_FLUSH_MS } from '../lib/limits.ts';
import { Failure } from '../local/failure.ts';
import { changeServer, readKubeconfig, writePrivate } from '../local/kubeconfigs.ts';
import { clusterDomain, dataFolder, demoPort, files, port, publicUrl } from '../local/settings.ts';
import { bundle } from './bundle.ts';
import { certificates } from './certificates.ts';
import { openFolder, stores } from './folder.ts';
import { Listeners, reasonOf, type UnopenedPort } from './listeners.ts';
import { TlsProxy } from './tls-proxy.ts';
import { ownersIn } from './owners.ts';
import { ALARM_LOOK_MS, DRAIN_MS } from './limits.ts';
import { type FirstRun, firstRun } from './first-run.ts';

/** Bytes of the secret shared by proxy and Worker for the life of this process. */
const SECRET_BYTES = 24;

/** How long a signal may arrive after its effects, ms: Ctrl-C reaches workerd as well, whose end may be seen first. */
const SIGNAL_MS = 200;
/** Time for the last write of an object, ms. */
const SETTLE_MS = 100;

const sentenceOf = ({ cluster, port: taken, why }: UnopenedPort, url: string): string =>
  `port ${taken} of a cluster ${why}: it answers at ${url}/clusters/${cluster} alone ("atoll cluster listen" gives it another port)`;

/**
 * Has the kubeconfig of the data folder name a cluster's own port only where this server has opened it. Else something else answers there:
 * of a restored backup on the same machine, the server that it was made of, which knows the same tokens.
 */
function followPorts(file: string, ports: ReadonlyMap<string, number>, unopened: readonly UnopenedPort[], url: string): void {
  const before = readKubeconfig(file);
  let config = before;
  for (const [cluster, port] of ports) {
    const own = new URL(url);
    own.port = String(port);
    const path = `${new URL(url).origin}/clusters/${cluster}`;
    const isOpen = !unopened.some((one) => one.cluster === cluster);
    config = isOpen ? changeServer(config, path, own.origin) : changeServer(config, own.origin, path);
  }
  if (config !== before) writePrivate(file, `${JSON.stringify(config, null, 2)}\n`);
}

/** Message after the first start. */
const next = ({ server, skipped }: FirstRun): string => `
A cluster named "demo" is running at ${server}.${skipped === undefined ? '' : `\n${skipped}`} Try:

  npx atoll kubectl get nodes
  npx atoll kubectl create deployment web --image=nginx --replicas=3
  npx atoll kubectl get pods --watch
`;

/** Drains all clients, then waits until objects have stored their buffered events and counts of reads. */
async function drainAll(proxy: TlsProxy): Promise<void> {
  await proxy.drain(DRAIN_MS);
  await setTimeout(Math.max(AUDIT_WAIT_MS, USAGE_FLUSH_MS) + SETTLE_MS);
}

/** Polls the Worker's health, which also finds alarms that workerd lost. Returns a function that stops it. */
function pollHealth({ host, port: at }: { host: string; port: number }): () => void {
  const look = () =>
    void fetch(`http://${host}:${at}/livez`)
      .then((answer) => answer.text())
      .catch(() => undefined);
  const timer = setInterval(look, ALARM_LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Starts the local server; returns when it serves. Stops with exit code 0 on SIGINT and SIGTERM; ends with 1 when workerd does. */
export async function start(): Promise<void> {
  const wanted = port();
  const folder = openFolder(dataFolder());
  const closing: (() => Promise<unknown> | void)[] = [folder.release];
  const stop = async () => {
    while (closing.length) await closing.pop()?.();
  };
  let asked = false;
  const onSignal = () => {
    if (asked) return;
    asked = true;
    void stop().then(() => process.exit(0));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const onEnd = async (why: string) => {
    await setTimeout(SIGNAL_MS);
    if (asked) return;
    asked = true;
    folder.release();
    process.stderr.write(`atoll: ${why}; nothing that was acknowledged is lost: start the server again\n`);
    process.exit(1);
  };
  try {
    const [script, tls, { startEngine }] = await Promise.all([
      bundle(),
      certificates(folder.path, Date.now()),
      import('./engine.ts'),
    ]);
    const backend = { host: '127.0.0.1', port: 0, secret: randomBytes(SECRET_BYTES).toString('base64url') };
    const owner = ownersIn(stores(folder.path).d1);
    const proxy = new TlsProxy({ certificates: tls, backend, owner, domain: clusterDomain(), wallClock: Date.now });
    closing.push(() => proxy.close());
    const server = await proxy.listen(wanted).catch((error) => {
      throw new Failure(`port ${wanted} ${reasonOf(error)}; PORT names another`);
    });
    const listeners = new Listeners(join(folder.path, 'ports.json'), (at, cluster) => proxy.listen(at, cluster));
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const engine = await startEngine({ folder, script, ca: tls.ca, url, proxySecret: backend.secret, listeners, onEnd });
    closing.push(engine.stop, () => drainAll(proxy));
    Object.assign(backend, engine.address);
    closing.push(pollHealth(engine.address));
    const unopened = await listeners.restore();
    followPorts(files(folder.path).kubeconfig, listeners.ports, unopened, publicUrl() ?? url);
    const first = await firstRun(folder, url, tls.ca, demoPort(Number(new URL(url).port)));
    process.stdout.write(`ready ${url}\n${first ? next(first) : ''}`);
    for (const one of unopened) process.stderr.write(`atoll: ${sentenceOf(one, url)}\n`);
  } catch (error) {
    await setTimeout(SIGNAL_MS);
    if (asked) return;
    await stop();
    throw error instanceof Failure ? error : new Failure(`the server cannot start: ${(error as Error).stack ?? error}`);
  }
}
