import {
  FLOW_DEBT_MS,
  FLOW_SEATS_IN_DEBT,
  COST_KIB_MS,
  FLOW_MANAGEMENT_SEATS,
  COST_MANAGEMENT_READ_MS,
  COST_MANAGEMENT_WRITE_MS,
  FLOW_SEATS,
  FLOW_ACTIVE_MS,
  COST_READ_MS,
  FLOW_CREDIT_MS,
  FLOW_SHARE,
  FLOW_SWEEP_MS,
  COST_WRITE_MS,
} from './limits.ts';

const KIB = 1024;
const CLUSTERS = '/clusters/';
/** An id ends where the path goes on, or ends. */
const ID = /^[^/?]{0,64}/;
/** What the names of those begin with who speak to the management API; what they send as Authorization follows. */
export const MANAGEMENT = 'management ';
/** The account of all that belongs to none: clusters that are made up, tokens that nobody knows. */
export const NOBODY = '';

/** Whose a request is: of the cluster in the address, else of whoever bears the token. */
export function tenantOf(target: string, authorization: string): string {
  if (!target.startsWith(CLUSTERS)) return MANAGEMENT + authorization;
  return ID.exec(target.slice(CLUSTERS.length))?.[0] ?? '';
}

/** What a tenant's request takes, but for its answer. */
export function costOf(tenant: string, method: string): number {
  const reads = method === 'GET';
  if (tenant.startsWith(MANAGEMENT)) return reads ? COST_MANAGEMENT_READ_MS : COST_MANAGEMENT_WRITE_MS;
  return reads ? COST_READ_MS : COST_WRITE_MS;
}

/** Who shares the thread: a cluster, or all of an account's together. */
interface Flow {
  underway: number;
  /** Time of the thread that it may still take, ms, as of `creditAt`. */
  credit: number;
  creditAt: number;
  timed: boolean;
  /** Its tenants with requests that wait, the one that had its turn longest ago first. */
  readonly queue: Set<Tenant>;
}

interface Account extends Flow {
  name: string;
  /** Of it are there: clusters, and all. */
  clusters: number;
  tenants: number;
}

interface Tenant extends Flow {
  /** Else somebody who speaks to the management API. */
  isCluster: boolean;
  account: Account;
  /** What begins when it may, first come, first served. */
  waiting: Seat[];
  seen: number;
}

const newFlow = (now: number): Flow => ({ underway: 0, credit: FLOW_CREDIT_MS, creditAt: now, timed: false, queue: new Set() });

/** One request's place. */
export class Seat {
  readonly tenant: Tenant;
  /** Present until the request begins. */
  go: (() => void) | undefined;
  /** What it takes, ms. */
  readonly cost: number;

  get waits(): boolean {
    return this.go !== undefined;
  }

  constructor(tenant: Tenant, cost: number, go: () => void) {
    this.tenant = tenant;
    this.cost = cost;
    this.go = go;
  }
}

/** Where the time goes by, and whose a tenant is. */
interface FairQueuePorts {
  /** ms. */
  clock: () => number;
  /** Calls back after so many ms. */
  later: (ms: number, go: () => void) => void;
  /** The account of a tenant, or NOBODY. */
  owner: (tenant: string) => string;
}

/**
 * The objects of all tenants share one thread here, and what is in front of a request in its queue is what it waits for. So each tenant
 * has a queue of its own on this side of the thread. While several clusters are there, each pays for the time that such requests take: who
 * asks for more than a third of the thread waits here, and has one request under way; who asks for little does not wait. While clusters of
 * another account are there, so does an account for all that is its: clusters, and what it asks of management. A tenant who is alone is
 * hardly ever held back.
 */
export class FairQueue {
  readonly #tenants = new Map<string, Tenant>();
  readonly #accounts = new Map<string, Account>();
  readonly #ports: FairQueuePorts;
  /** Clusters that are somebody's, and accounts that have one, of those that are there. */
  #clusters = 0;
  #present = 0;
  #swept = 0;

  constructor(ports: FairQueuePorts) {
    this.#ports = ports;
  }

  /** Calls `go` when the request may begin: at once, or later. The turn is to be given to `leave` once, whatever became of it. */
  enter(name: string, cost: number, go: () => void): Seat {
    const now = this.#ports.clock();
    const tenant = this.#tenants.get(name) ?? this.#add(name, now);
    tenant.seen = now;
    if (now - this.#swept >= FLOW_SWEEP_MS) this.#sweep(now);
    const seat = new Seat(tenant, cost, go);
    tenant.waiting.push(seat);
    tenant.queue.add(tenant);
    tenant.account.queue.add(tenant);
    this.#admit(tenant, now);
    return seat;
  }

  /** The request was answered, or whoever sent it is gone. */
  leave(seat: Seat): void {
    const { tenant } = seat;
    if (seat.waits) {
      tenant.waiting.splice(tenant.waiting.indexOf(seat), 1);
      seat.go = undefined;
      if (tenant.waiting.length === 0) this.#unqueue(tenant);
      return;
    }
    const now = this.#ports.clock();
    tenant.underway--;
    tenant.seen = now;
    tenant.account.underway--;
    this.#admitAll(tenant.account, now);
  }

  /** So many bytes of an answer pass. */
  answered({ tenant }: Seat, bytes: number): void {
    this.#charge(tenant, (bytes / KIB) * COST_KIB_MS);
  }

  #charge(tenant: Tenant, ms: number): void {
    tenant.credit -= ms;
    tenant.account.credit -= ms;
  }

  #add(name: string, now: number): Tenant {
    const owner = this.#ports.owner(name);
    const account = this.#accounts.get(owner) ?? { ...newFlow(now), name: owner, clusters: 0, tenants: 0 };
    this.#accounts.set(owner, account);
    const tenant: Tenant = { ...newFlow(now), isCluster: !name.startsWith(MANAGEMENT), account, waiting: [], seen: now };
    this.#tenants.set(name, tenant);
    this.#count(tenant, 1);
    return tenant;
  }

  /** Somebody comes, or goes. Strangers are not there: they could come often to hold others back. */
  #count({ account, isCluster }: Tenant, by: 1 | -1): void {
    account.tenants += by;
    if (account.tenants === 0) this.#accounts.delete(account.name);
    if (!isCluster || account.name === NOBODY) return;
    const before = account.clusters;
    account.clusters += by;
    this.#clusters += by;
    if (before === 0 || account.clusters === 0) this.#present += by;
  }

  #admitAll(flow: Flow, now: number): void {
    for (const tenant of flow.queue) this.#admit(tenant, now);
  }

  /** Begins what may begin. */
  #admit(tenant: Tenant, now: number): void {
    const { account, waiting, isCluster } = tenant;
    this.#save(tenant, now);
    this.#save(account, now);
    const isKnown = account.name !== NOBODY;
    while (waiting.length > 0) {
      const seats = isCluster || this.#clusters === 0 ? FLOW_SEATS : FLOW_MANAGEMENT_SEATS;
      if (this.#isHeld(tenant, seats, isCluster && this.#clusters > (isKnown ? 1 : 0))) return;
      const others = this.#present - (account.clusters > 0 ? 1 : 0);
      if (this.#isHeld(account, Number.POSITIVE_INFINITY, others > 0)) return;
      this.#begin(waiting.shift() as Seat);
    }
  }

  /** Whether no more of its requests may begin now; when it owes time, it is looked at again when it does not. */
  #isHeld(flow: Flow, seats: number, pays: boolean): boolean {
    if (flow.underway >= (pays && flow.credit < FLOW_CREDIT_MS / 2 ? FLOW_SEATS_IN_DEBT : seats)) return true;
    if (!pays || flow.credit > 0) return false;
    if (flow.timed) return true;
    flow.timed = true;
    this.#ports.later(Math.ceil(-flow.credit / FLOW_SHARE) + 1, () => {
      flow.timed = false;
      this.#admitAll(flow, this.#ports.clock());
    });
    return true;
  }

  #save(flow: Flow, now: number): void {
    // What it took while it was alone is not held against it for long.
    flow.credit = Math.min(FLOW_CREDIT_MS, Math.max(-FLOW_DEBT_MS, flow.credit) + (now - flow.creditAt) * FLOW_SHARE);
    flow.creditAt = now;
  }

  #begin(seat: Seat): void {
    const { go, tenant } = seat;
    const { account } = tenant;
    tenant.underway++;
    account.underway++;
    this.#charge(tenant, seat.cost);
    seat.go = undefined;
    this.#unqueue(tenant);
    if (tenant.waiting.length > 0) {
      // Behind the others of its account.
      tenant.queue.add(tenant);
      account.queue.add(tenant);
    }
    go?.();
  }

  #unqueue(tenant: Tenant): void {
    tenant.queue.delete(tenant);
    tenant.account.queue.delete(tenant);
  }

  #sweep(now: number): void {
    this.#swept = now;
    for (const [name, tenant] of this.#tenants) {
      if (tenant.underway > 0 || tenant.waiting.length > 0 || now - tenant.seen < FLOW_ACTIVE_MS) continue;
      this.#tenants.delete(name);
      this.#count(tenant, -1);
    }
  }
}
