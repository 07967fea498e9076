import { timersIn } from '../host/timers-in.ts';
import { BootSnapshots } from '../../src/cluster/boot-snapshot.ts';
import type { Obj } from '../../src/lib/json.ts';
import { seeded } from '../fixtures/prng.ts';
import { type TestCluster, makeCluster } from '../host/make-cluster.ts';
import { Alarms } from './alarms.ts';
import { clients, Disk, flush, PLACES, time, work } from './faults.ts';
import { checkFresh } from './fresh.ts';
import { instrument } from './seams.ts';
import { heal } from './heal.ts';
import { checkAlways, checkQuiet, checkSettled } from './invariants.ts';
import { SimulatedIssuer } from './issuer.ts';
import { Ledger } from './ledger.ts';
import { OPERATIONS } from './operations/index.ts';
import type { Reader } from './operations/reads.ts';
import { type Subject, Watcher } from './watcher.ts';

/** What the clients of a world were told: the truth that the cluster must not lose. */
export interface Model {
  /** namespace/name -> data of every ConfigMap whose write was acknowledged and whose deletion was not. */
  configMaps: Map<string, Obj>;
  /** Who owns which field of the ConfigMaps that are applied. */
  owners: Map<string, Map<string, Set<string>>>;
  /** ConfigMaps that go with others: which of those are left, and what those that went said (true: stay). */
  dependents: Map<string, { owners: Set<string>; policies: Set<boolean> }>;
  /** ConfigMaps that may stay or go. */
  unsure: Set<string>;
  /** Names of namespaces that exist and are not being deleted. */
  namespaces: Set<string>;
  lastRevision: number;
}

const front = (object: Obj): boolean => object.metadata.labels?.tier === 'front';

/** Who watches: whole kinds and parts of them, by label and by field, objects and their metadata. */
const SUBJECTS: readonly Subject[] = [
  { resource: 'pods', path: '/api/v1/pods' },
  { resource: 'pods', path: '/api/v1/pods', query: 'labelSelector=tier%3Dfront', matches: front },
  { resource: 'pods', path: '/api/v1/pods', query: 'labelSelector=tier!%3Dfront', matches: (o) => !front(o), streams: true },
  {
    resource: 'pods',
    path: '/api/v1/pods',
    query: 'fieldSelector=status.phase%3DRunning',
    matches: (o) => o.status?.phase === 'Running',
  },
  {
    resource: 'pods',
    path: '/api/v1/pods',
    query: 'fieldSelector=spec.nodeName%3Dnode-1',
    matches: (o) => o.spec?.nodeName === 'node-1',
  },
  { resource: 'apps/deployments', path: '/apis/apps/v1/deployments', metadataOnly: true },
  { resource: 'apps/replicasets', path: '/apis/apps/v1/replicasets' },
  { resource: 'configmaps', path: '/api/v1/configmaps', streams: true },
  { resource: 'configmaps', path: '/api/v1/namespaces/default/configmaps', namespace: 'default' },
  { resource: 'events', path: '/api/v1/events' },
  { resource: 'namespaces', path: '/api/v1/namespaces' },
  { resource: 'pods', path: '/api/v1/namespaces/default/pods', namespace: 'default', metadataOnly: true },
];

/** One world in so many begins with a cluster that was restored and not booted. */
const RESTORED = 4;
let bootSnapshots: BootSnapshots | undefined;

/** Filled by a cluster that has nothing else to do with the world: a replay finds the same. */
function restored(): BootSnapshots {
  if (bootSnapshots) return bootSnapshots;
  bootSnapshots = new BootSnapshots();
  makeCluster({ bootSnapshots });
  return bootSnapshots;
}

/** One seeded world: a cluster, clients that do random things to it, and faults. Everything follows from the seed. */
export class World {
  readonly host: TestCluster;
  readonly disk: Disk;
  readonly ledger: Ledger;
  readonly alarms: Alarms;
  readonly issuer: SimulatedIssuer;
  readonly model: Model = {
    configMaps: new Map(),
    owners: new Map(),
    dependents: new Map(),
    unsure: new Set(),
    namespaces: new Set(['default']),
    lastRevision: 0,
  };
  readonly watchers: Watcher[];
  /** Lists that are being read page by page. */
  readers: Reader[] = [];
  /** Are all nodes as they should be, at the end? */
  mended = false;
  readonly trace: string[] = [];
  readonly #chance: () => number;
  #counter = 0;

  constructor(seed: number) {
    this.host = seed % RESTORED === 0 ? makeCluster({ seed, bootSnapshots: restored() }) : makeCluster({ seed });
    this.disk = new Disk(this.host.sql);
    this.ledger = new Ledger(this.host);
    this.alarms = new Alarms(this);
    this.issuer = new SimulatedIssuer(this, seed);
    this.#chance = seeded(seed ^ 0x5eed).next;
    this.watchers = SUBJECTS.map((subject) => new Watcher(this.host, this.ledger, subject, () => this.disk.hit('send')));
  }

  int(n: number): number {
    return Math.floor(this.#chance() * n);
  }

  chance(p: number): boolean {
    return this.#chance() < p;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }

  fresh(prefix: string): string {
    return `${prefix}-${this.#counter++}`;
  }

  /** One operation of a client, then a stretch of work that a fault may cut short. */
  step(): void {
    const operation = this.pick(OPERATIONS);
    this.trace.push(operation.name);
    instrument(this.host.cluster, (seam) => this.disk.hit(seam));
    if (this.chance(0.1)) this.disk.failAfter(this.int(4), this.pick(PLACES));
    operation(this);
    this.issuer.step();
    this.disk.failed();
    if (this.chance(0.05)) checkFresh(this, operation.name);
    const quiet = work(this);
    this.alarms.endTurn();
    if (this.chance(0.8)) flush(this);
    checkAlways(this);
    if (quiet && !this.host.cluster.reconciler.isDirty && this.chance(0.15)) checkSettled(this);
    this.readers = this.readers.filter((reader) => this.chance(0.4) || !reader.next(this));
    time(this);
    clients(this);
  }

  /** Lets everything come to rest, then checks what must hold at rest. */
  finish(): void {
    heal(this);
    this.issuer.heal();
    const settle = () => {
      this.host.settle();
      return true;
    };
    settle();
    this.alarms.endTurn(false);
    let rounds = 0;
    while (rounds++ < 400 && this.alarms.next(3_600_000, settle));
    this.host.settle();
    if (rounds >= 400) {
      const timers = JSON.stringify(timersIn(this.host.sql)).slice(0, 600);
      throw new Error(`it does not come to rest: at ${this.host.now} the timers are ${timers}`);
    }
    checkAlways(this);
    checkQuiet(this);
  }
}

/** Steps of a world. */
export const STEPS = 50;

/** Runs one world; an error names the seed and the way to replay it. */
export function runWorld(seed: number, steps = STEPS): void {
  const world = new World(seed);
  try {
    for (let i = 0; i < steps; i++) world.step();
    world.finish();
  } catch (error) {
    const last = world.trace.slice(-8).join(', ');
    throw new Error(`seed ${seed} fails: ${(error as Error).message}\n  replay: npm run sim -- --seed ${seed}\n  last: ${last}`, {
      cause: error,
    });
  }
}
