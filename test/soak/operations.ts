import { seeded } from '../fixtures/prng.ts';
import type { Random } from '../../src/lib/random.ts';

/** Names of each resource in a cluster: few, so that operations meet. */
const NAMES = { configmaps: 12, deployments: 2 } as const;
const REPLICAS = 4;
const LONGEST_VISIT = 8;

export type Resource = keyof typeof NAMES;
export type Verb = 'create' | 'update' | 'patch' | 'apply' | 'scale' | 'delete' | 'get';

export interface Operation {
  verb: Verb;
  resource: Resource;
  name: string;
  /** What a write leaves there: no two are alike. */
  value: string;
  replicas: number;
}

export type Step = Operation | { verb: 'list'; resource: Resource };

/** What the whole cluster undergoes. */
export type Change = 'replace' | 'restore' | 'fork' | 'suspend' | 'credential' | 'look';

export interface Visit {
  slot: number;
  steps: Step[];
  change?: Change;
}

const WRITES: readonly Verb[] = ['create', 'create', 'create', 'update', 'patch', 'patch', 'apply', 'delete', 'get', 'get'];
const CHANGES: readonly Change[] = ['replace', 'restore', 'fork', 'suspend', 'credential', 'look'];
/** Of so many visits one is to the whole cluster, and one in so many goes to a cluster where it is quiet. */
const CHANGE_EVERY = 25;
const QUIET_EVERY = 5;
/** Visits that stay with the same clusters before others are busy; how large a share of all is busy at a time, and how many at least. */
const BUSY_VISITS = 2_000;
const BUSY_SHARE = 0.1;
const BUSY_LEAST = 16;

const below = (random: Random, n: number) => Math.floor(random.next() * n);

/** The visit of that number: the same seed makes the same visits, whatever became of those before. */
export function visitOf(seed: number, number: number, slots: number): Visit {
  const random = seeded(seed * 1_000_003 + number);
  for (let i = 0; i < 4; i++) random.next();
  const busy = Math.min(slots, Math.max(BUSY_LEAST, Math.ceil(slots * BUSY_SHARE)));
  const first = below(seeded(seed + Math.floor(number / BUSY_VISITS)), slots);
  const slot = below(random, QUIET_EVERY) === 0 ? below(random, slots) : (first + below(random, busy)) % slots;
  const change = below(random, CHANGE_EVERY) === 0 ? CHANGES[below(random, CHANGES.length)] : undefined;
  const count = 1 + below(random, LONGEST_VISIT);
  const steps = Array.from({ length: count }, (_, i) => stepOf(random, `${number}.${i}`));
  return { slot, steps, ...(change && { change }) };
}

function stepOf(random: Random, value: string): Step {
  const resource: Resource = below(random, 10) === 0 ? 'deployments' : 'configmaps';
  if (below(random, 8) === 0) return { verb: 'list', resource };
  const picked = WRITES[below(random, WRITES.length)];
  const verb = resource === 'deployments' && picked === 'patch' ? 'scale' : picked;
  return { verb, resource, name: `${resource}-${below(random, NAMES[resource])}`, value, replicas: below(random, REPLICAS) };
}

/** What is there, or null. */
export type State = string | null;

/** What an operation must be answered when this is there, and what is there afterwards. */
export function outcome({ verb, value, resource, replicas }: Operation, before: State): { status: number; after: State } {
  const written = resource === 'deployments' ? `${value}/${replicas}` : value;
  if (verb === 'create') return before === null ? { status: 201, after: written } : { status: 409, after: before };
  if (verb === 'apply') return { status: before === null ? 201 : 200, after: written };
  if (before === null) return { status: 404, after: null };
  if (verb === 'delete') return { status: 200, after: null };
  if (verb === 'get') return { status: 200, after: before };
  if (verb === 'scale') return { status: 200, after: `${before.split('/')[0]}/${replicas}` };
  return { status: 200, after: written };
}

const API: Record<Resource, string> = { configmaps: '/api/v1', deployments: '/apis/apps/v1' };

export const pathOf = (resource: Resource): string => `${API[resource]}/namespaces/default/${resource}`;

function objectOf({ resource, name, value, replicas }: Operation): object {
  const metadata = { name, annotations: { soak: value }, labels: { soak: 'yes' } };
  if (resource === 'configmaps') return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value, pad: 'x'.repeat(300) } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  };
}

const MERGE = 'application/merge-patch+json';

/** The request of an operation. */
export function requestOf(o: Operation): { method: string; path: string; body?: unknown; type?: string } {
  const path = `${pathOf(o.resource)}/${o.name}`;
  switch (o.verb) {
    case 'create':
      return { method: 'POST', path: pathOf(o.resource), body: objectOf(o) };
    case 'update':
      return { method: 'PUT', path, body: objectOf(o) };
    case 'patch':
      return {
        method: 'PATCH',
        path,
        body: { metadata: { annotations: { soak: o.value } }, data: { value: o.value } },
        type: MERGE,
      };
    case 'apply':
      return {
        method: 'PATCH',
        path: `${path}?fieldManager=soak&force=true`,
        body: objectOf(o),
        type: 'application/apply-patch+yaml',
      };
    case 'scale':
      return { method: 'PATCH', path: `${path}/scale`, body: { spec: { replicas: o.replicas } }, type: MERGE };
    case 'delete':
      return { method: 'DELETE', path };
    case 'get':
      return { method: 'GET', path };
  }
}

/** An object as the model sees it. */
export interface Seen {
  kind: string;
  metadata: { name: string; uid: string; resourceVersion: string; annotations?: Record<string, string> };
  spec?: { replicas?: number };
}

/** What is there, as a value that `outcome` speaks of. */
export function stateOf({ metadata, spec }: Seen, resource: Resource): string {
  const value = metadata.annotations?.soak ?? '';
  return resource === 'deployments' ? `${value}/${spec?.replicas}` : value;
}
