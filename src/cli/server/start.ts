import { randomBytes } from 'node:crypto';
import { enableCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { CACHE, dataFolder, port } from '../settings.ts';
import { bundle } from './bundle.ts';
import { certificates } from './certificates.ts';
import { openFolder } from './folder.ts';
import { front } from './front.ts';
import { firstRun } from './first-run.ts';

/** Of what the front and the Worker know each other by, for as long as this process lives. */
const SECRET_BYTES = 24;

const NEXT = `
A cluster named "demo" is running. Try:

  npx atoll kubectl get nodes
  npx atoll kubectl create deployment web --image=nginx --replicas=3
  npx atoll kubectl get pods --watch
`;

/** Starts the local server and returns when it serves. Stops cleanly, with exit code 0, on SIGINT and SIGTERM. */
export async function start(): Promise<void> {
  enableCompileCache(join(CACHE, 'compiled'));
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
  try {
    const [script, tls, { startEngine }] = await Promise.all([
      bundle(),
      certificates(folder.path, Date.now()),
      import('./engine.ts'),
    ]);
    const backend = { host: '127.0.0.1', port: 0, secret: randomBytes(SECRET_BYTES).toString('base64url') };
    const server = await front(tls, wanted, backend);
    closing.push(() => void server.close());
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const engine = await startEngine({ folder, script, ca: tls.ca, url, front: backend.secret });
    closing.push(engine.stop);
    Object.assign(backend, engine.address);
    const first = await firstRun(folder, url, tls.ca);
    process.stdout.write(`ready ${url}\n${first ? NEXT : ''}`);
  } catch (error) {
    await stop();
    throw error instanceof Failure || asked ? error : new Failure(`the server cannot start: ${(error as Error).stack ?? error}`);
  }
}
