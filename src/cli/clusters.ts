import { setTimeout as sleep } from 'node:timers/promises';
import { ask, askText } from './client.ts';
import { Failure } from './failure.ts';
import { type Kubeconfig, merge, readKubeconfig, writePrivate } from './kubeconfigs.ts';
import { during } from './output.ts';
import { dataFolder, files } from './settings.ts';

/** A cluster as the API tells it. */
export interface Cluster {
  id: string;
  name: string;
  state: 'creating' | 'ready' | 'suspended' | 'deleted';
  apiOnly: boolean;
  legacyApis: boolean;
  nodes: number;
  labels: Record<string, string>;
  isTemplate: boolean;
  forkedFrom?: string;
  server: string;
  createdAt: string;
  expiresAt?: string;
  deletedAt?: string;
  purgeAt?: string;
}

interface Operation {
  id: string;
  type: string;
  target: string;
  state: 'running' | 'done' | 'failed';
  done: number;
  total: number;
  error?: string;
}

/** How often one looks how far an operation is, ms. */
const LOOK_MS = 250;

/** The address of a cluster by its id or name. */
export const at = (cluster: string): string => `/clusters/${encodeURIComponent(cluster)}`;

export const find = (cluster: string): Promise<Cluster> => ask<Cluster>('GET', at(cluster));

/** Every page of a list. */
export async function findAll(query: Record<string, string>): Promise<Cluster[]> {
  const all: Cluster[] = [];
  for (let after: string | undefined; ; ) {
    const asked = new URLSearchParams({ ...query, ...(after !== undefined && { after }) });
    const page = await ask<{ items: Cluster[]; next?: string }>('GET', `/clusters?${asked}`);
    all.push(...page.items);
    if (page.next === undefined) return all;
    after = page.next;
  }
}

export const newKubeconfig = (cluster: string): Promise<string> => askText('POST', `${at(cluster)}/kubeconfig`, {});

/** Writes a cluster's kubeconfig into its own file, or among the local ones as the current context. Returns the file. */
export function keep(kubeconfig: string, file: string | undefined): string {
  if (file !== undefined) {
    writePrivate(file, kubeconfig);
    return file;
  }
  const common = files(dataFolder()).kubeconfig;
  const merged = merge(readKubeconfig(common), JSON.parse(kubeconfig) as Kubeconfig);
  writePrivate(common, `${JSON.stringify(merged, null, 2)}\n`);
  return common;
}

/** Has a cluster made: what is copied for long is waited for, and its progress shown. */
export async function make(what: string, path: string, body: object): Promise<Cluster & { kubeconfig: string }> {
  let shown = what;
  const work = async () => {
    const made = await ask<(Cluster & { kubeconfig: string }) | Operation>('POST', path, body);
    if (!('target' in made)) return made;
    let now = made;
    while (now.state === 'running') {
      shown = `${what}: ${now.done} of ${now.total} objects`;
      await sleep(LOOK_MS);
      now = await ask<Operation>('GET', `/operations/${now.id}`);
    }
    if (now.state === 'failed') throw new Failure(now.error ?? 'the copy failed');
    return { ...(await find(now.target)), kubeconfig: await newKubeconfig(now.target) };
  };
  return during(() => shown, work());
}
