import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from './failure.ts';

interface Named {
  name: string;
}
interface Cluster extends Named {
  cluster: { server: string };
}

/** A kubeconfig as written here: JSON, which is YAML. */
export interface Kubeconfig {
  apiVersion: 'v1';
  kind: 'Config';
  'current-context': string;
  clusters: Cluster[];
  users: Named[];
  contexts: Named[];
}

const EMPTY: Kubeconfig = { apiVersion: 'v1', kind: 'Config', 'current-context': '', clusters: [], users: [], contexts: [] };

/** Writes a file readable by its owner only, atomically. */
export function writePrivate(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, text, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}

/** The kubeconfig of all local clusters; empty when there is none yet. */
export function readKubeconfig(file: string): Kubeconfig {
  if (!existsSync(file)) return structuredClone(EMPTY);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Failure(`${file} is not a kubeconfig that atoll wrote; move it away`);
  }
}

const without = <T extends Named>(list: T[], name: string): T[] => list.filter((entry) => entry.name !== name);

const contextFor = (config: Kubeconfig, server: string): string | undefined =>
  config.clusters.find((c) => c.cluster.server === server)?.name;

/** Server URL of the current context; undefined: there is none. */
export function currentServer({ clusters, contexts, ...config }: Kubeconfig): string | undefined {
  const context = contexts.find(({ name }) => name === config['current-context']);
  return clusters.find(({ name }) => name === context?.name)?.cluster.server;
}

/** Adds a cluster's context (replacing an older one of the same cluster) and makes it the current one. */
export function addContext(config: Kubeconfig, added: Kubeconfig): Kubeconfig {
  const [cluster] = added.clusters;
  const former = contextFor(config, cluster.cluster.server);
  let name = former ?? cluster.name;
  const taken = (candidate: string) =>
    config.clusters.some((c) => c.name === candidate && c.cluster.server !== cluster.cluster.server);
  for (let n = 2; taken(name); n++) name = `${cluster.name}-${n}`;
  return {
    ...config,
    'current-context': name,
    clusters: [...without(config.clusters, name), { ...cluster, name }],
    users: [...without(config.users, name), { ...added.users[0], name }],
    contexts: [
      ...without(config.contexts, name),
      { ...added.contexts[0], name, context: { cluster: name, user: name } } as Named,
    ],
  };
}

/** Changes the server URL of a cluster's context. */
export function changeServer(config: Kubeconfig, from: string, to: string): Kubeconfig {
  if (from === to || contextFor(config, from) === undefined) return config;
  const moved = (entry: Cluster) =>
    entry.cluster.server === from ? { ...entry, cluster: { ...entry.cluster, server: to } } : entry;
  return { ...config, clusters: config.clusters.map(moved) };
}

/** Removes the context of a deleted cluster. */
export function removeContext(config: Kubeconfig, server: string): Kubeconfig {
  const name = contextFor(config, server);
  if (name === undefined) return config;
  const contexts = without(config.contexts, name);
  const current = config['current-context'] === name ? (contexts[0]?.name ?? '') : config['current-context'];
  return {
    ...config,
    'current-context': current,
    clusters: without(config.clusters, name),
    users: without(config.users, name),
    contexts,
  };
}
