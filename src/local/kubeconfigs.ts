import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';
import { Failure } from './failure.ts';

const named = <T extends z.ZodRawShape>(shape: T) => z.looseObject({ name: z.string(), ...shape });
/** A list of a kubeconfig: kubectl writes null for one that it has emptied. */
const listOf = <T extends z.ZodType>(entry: T) =>
  z
    .array(entry)
    .nullish()
    .transform((list) => list ?? []);

/** A kubeconfig, with everything else that kubectl or a person has put into it. It is written as JSON, and as YAML by kubectl. */
const KUBECONFIG = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Config'),
  'current-context': z.string().default(''),
  clusters: listOf(named({ cluster: z.looseObject({ server: z.string() }) })),
  users: listOf(named({})),
  contexts: listOf(named({ context: z.looseObject({}) })),
});
export type Kubeconfig = z.infer<typeof KUBECONFIG>;
type Named = Kubeconfig['users'][number];
type Cluster = Kubeconfig['clusters'][number];

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
  if (!existsSync(file)) return KUBECONFIG.parse({ apiVersion: 'v1', kind: 'Config' });
  try {
    return KUBECONFIG.parse(load(readFileSync(file, 'utf8')));
  } catch {
    throw new Failure(`${file} is not a kubeconfig; move it away`);
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
  // The namespace that kubectl has set in it stays.
  const kept = config.contexts.find((c) => c.name === name)?.context;
  return {
    ...config,
    'current-context': name,
    clusters: [...without(config.clusters, name), { ...cluster, name }],
    users: [...without(config.users, name), { ...added.users[0], name }],
    contexts: [
      ...without(config.contexts, name),
      { ...added.contexts[0], name, context: { ...kept, cluster: name, user: name } },
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
