import { existsSync, readFileSync } from 'node:fs';
import { type Client, Refusal } from '../client/client.ts';
import { Failure } from '../local/failure.ts';
import { connect } from '../local/send.ts';
import { type Kubeconfig, addContext, readKubeconfig, writePrivate } from '../local/kubeconfigs.ts';
import { files } from '../local/settings.ts';
import type { DataFolder } from './folder.ts';

const text = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

/** Result of the first start. */
export interface FirstRun {
  /** URL of the cluster `demo`. */
  server: string;
  /** Reason why it has no port of its own, in a sentence. */
  skipped?: string;
}

/** Creates the cluster `demo`, at this port if it is free. */
async function makeDemo(own: Client, port: number | undefined) {
  const json = { name: 'demo', legacyApis: true };
  const make = (more: { port?: number }) => own.post('/v1/accounts/:account/clusters', { json: { ...json, ...more } });
  if (port === undefined) return { demo: await make({}) };
  try {
    return { demo: await make({ port }) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'port-unavailable') throw error;
    return {
      demo: await make({}),
      skipped: `It has no port of its own (${error.message}): "atoll cluster listen demo PORT" gives it one.`,
    };
  }
}

/** Creates the local account with its token, the cluster `demo` and a kubeconfig in a new data folder; undefined: everything was there. */
export async function firstRun(
  folder: DataFolder,
  url: string,
  ca: string,
  port: number | undefined,
): Promise<FirstRun | undefined> {
  const names = files(folder.path);
  const kept = existsSync(names.credentials)
    ? (JSON.parse(readFileSync(names.credentials, 'utf8')) as { url: string; token?: string })
    : undefined;
  // Without a token the local account was deleted: another is created.
  if (kept?.token !== undefined) {
    // Also checks that the database answers.
    const client = connect({ url, ca, token: kept.token });
    await client.get('/v1/me').catch((error: Error) => {
      throw new Failure(
        `the database of ${folder.path} does not know its own account (${error.message}): the account was deleted, or the database ` +
          `replaced; without ${names.credentials} the next start makes a new one`,
      );
    });
    if (kept.url !== url) writePrivate(names.credentials, text({ url, token: kept.token }));
    return undefined;
  }
  const operator = connect({ url, ca, token: folder.operator });
  const { id, token } = await operator.post('/v1/accounts', { json: { name: 'local' } });
  if (token === undefined) throw new Failure('the local account was made without a token');
  // The machine's owner has no other limit than the machine.
  await operator.patch('/v1/accounts/:account/plan', { param: { account: id }, json: { plan: 'unlimited' } });
  const own = connect({ url, ca, token });
  const { demo, skipped } = await makeDemo(own, port);
  if (!('kubeconfig' in demo)) throw new Failure('the cluster "demo" was not made at once');
  const merged = addContext(readKubeconfig(names.kubeconfig), JSON.parse(demo.kubeconfig) as Kubeconfig);
  writePrivate(names.kubeconfig, text(merged));
  writePrivate(names.credentials, text({ url, token }));
  return { server: demo.server, ...(skipped !== undefined && { skipped }) };
}
