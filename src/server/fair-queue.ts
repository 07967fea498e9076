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
/** Prefix of tenants of the management API; their Authorization header follows. */
export const MANAGEMENT = 'management ';
/** Account of unknown tenants: made-up clusters, unknown tokens. */
export const NOBODY = '';

/** Tenant of a request: the cluster in the path, else the bearer of the token. */
export function tenantOf(target: string, authorization: string): string {
  if (!target.startsWith(CLUSTERS)) return MANAGEMENT + authorization;
  return ID.exec(target.slice(CLUSTERS.length))?.[0] ?? '';
}

/** Cost of a request without its answer. */
export function costOf(tenant: string, method: string): number {
  const reads = method === 'GET';
  if (tenant.startsWith(MANAGEMENT)) return reads ? COST_MANAGEMENT_READ_MS : COST_MANAGEMENT_WRITE_MS;
  return reads ? COST_READ_MS : COST_WRITE_MS;
}

/** A flow that shares the thread: a tenant, or all tenants of an account. */
interface Flow {
  underway: number;
  /** Remaining credit of thread time, ms, as of `creditAt`; negative: debt. */
  credit: number;
  creditAt: number;
  timed: boolean;
  /** Its tenants with waiting requests, the longest waiting first. */
  readonly queue: Set<Tenant>;
}

interface Account extends Flow {
  name: string;
  /** Active clusters, and all active tenants. */
  clusters: number;
  tenants: number;
}

interface Tenant extends Flow {
  /** False: a caller of the management API. */
  isCluster: boolean;
  account: Account;
  /** Waiting requests, first come, first served. */
  waiting: Seat[];
  seen: number;
}

const newFlow = (now: number): Flow => ({ underway: 0, credit: FLOW_CREDIT_MS, creditAt: now, timed: false, queue: new Set() });

/** Seat of one request. */
export class Seat {
  readonly tenant: Tenant;
  /** Starts the request; undefined once it has begun. */
  go: (() => void) | undefined;
  /** Cost, ms. */
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

/** Clock, timers and ownership, from the shell. */
interface FairQueuePorts {
  /** ms. */
  clock: () => number;
  /** Timer. */
  later: (ms: number, go: () => void) => void;
  /** Account of a tenant, or NOBODY. */
  owner: (tenant: string) => string;
}

/**
 * All objects share one thread, where a request waits for those before it. So requests queue per tenant before the thread. While several
 * clusters are active, each pays for the thread time of its requests: one that wants more than a third of the thread waits, with one seat;
 * one that wants little does not wait. While clusters of other accounts are active, an account pays in the same way for all of its tenants.
 * A lone tenant is hardly ever held back.
 */
export class FairQueue {
  readonly #tenants = new Map<string, Tenant>();
  readonly #accounts = new Map<string, Account>();
  readonly #ports: FairQueuePorts;
  /** Active clusters with a known owner, and accounts with an active cluster. */
  #clusters = 0;
  #present = 0;
  #swept = 0;

  constructor(ports: FairQueuePorts) {
    this.#ports = ports;
  }

  /** Calls `go` when the request may begin: at once, or later. Pass the seat to `leave` once, whatever became of the request. */
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

  /** Frees a seat: the request was answered, or its client disconnected. */
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

  /** Charges bytes of an answer. */
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

  /** Counts a tenant as active or not. Unknown ones do not count: they could hold others back. */
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

  /** Starts waiting requests of a tenant that may begin. */
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

  /** Whether a flow may start no more requests now; one in debt is checked again when it is paid. */
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
    // Bounded debt: what a flow took while alone does not count for long.
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
      // To the end of its account's queue.
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
