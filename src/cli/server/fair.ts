import {
  FAIR_DEBT_MS,
  FAIR_GREEDY,
  FAIR_KIB_MS,
  FAIR_MOST,
  FAIR_PRESENT_MS,
  FAIR_READ_MS,
  FAIR_SAVED_MS,
  FAIR_SHARE,
  FAIR_SWEEP_MS,
  FAIR_WRITE_MS,
} from '../../lib/limits.ts';

const KIB = 1024;
/** How much of the first chunk of a request is searched for who sent it. */
const HEAD_BYTES = 2048;

const SPACE = 0x20;
/** GET alone begins with it. */
const G = 0x47;
const CLUSTERS = Buffer.from('/clusters/');
const AUTHORIZATION = /\r\nauthorization: *([^\r]*)\r/i;
const MANAGEMENT = 'management ';

/** Whose request begins with these bytes: the cluster in the address, else whoever bears the token; undefined: no beginning of one. */
export function tenantOf(chunk: Buffer): string | undefined {
  const path = chunk.indexOf(SPACE) + 1;
  if (path === 0 || path > 8) return undefined;
  const after = path + CLUSTERS.length;
  if (chunk.length > after && CLUSTERS.compare(chunk, path, after) === 0) {
    let end = after;
    while (end < chunk.length && end < after + 64 && !isEnd(chunk[end])) end++;
    return chunk.toString('latin1', after, end);
  }
  return MANAGEMENT + (AUTHORIZATION.exec(chunk.toString('latin1', 0, HEAD_BYTES))?.[1] ?? '');
}

/** What a request that begins with these bytes takes, but for its answer. */
export const costOf = (chunk: Buffer): number => (chunk[0] === G ? FAIR_READ_MS : FAIR_WRITE_MS);

/** "/", "?" and the space end an id. */
const isEnd = (code: number): boolean => code === 0x2f || code === 0x3f || code === SPACE;

interface Tenant {
  /** Of a cluster; management mostly waits for its database, and has rates of its own. */
  isCluster: boolean;
  underway: number;
  /** What begins when it may, first come, first served. */
  waiting: Turn[];
  seen: number;
  /** Time of the thread that it may still take, ms, as of `creditAt`. */
  credit: number;
  creditAt: number;
  timed: boolean;
}

/** One request's place. */
export class Turn {
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

/**
 * The objects of all tenants share one thread here, and what is in front of a request in its queue is what it waits for. So each tenant
 * has a queue of its own on this side of the thread. While several are there, each pays for the time that such requests take: who asks for more than a
 * third of the thread waits here, and has one request under way; who asks for little does not wait. A tenant who is alone is hardly ever held
 * back.
 */
export class Fair {
  readonly #tenants = new Map<string, Tenant>();
  readonly #clock: () => number;
  readonly #later: (ms: number, go: () => void) => void;
  #clusters = 0;
  #swept = 0;

  /** `clock` in ms; `later` calls back after so many. */
  constructor(clock: () => number, later: (ms: number, go: () => void) => void) {
    this.#clock = clock;
    this.#later = later;
  }

  /** Calls `go` when the request may begin: at once, or later. The turn is to be given to `leave` once, whatever became of it. */
  enter(name: string, cost: number, go: () => void): Turn {
    const now = this.#clock();
    const tenant = this.#tenants.get(name) ?? this.#add(name, now);
    tenant.seen = now;
    if (now - this.#swept >= FAIR_SWEEP_MS) this.#sweep(now);
    const turn = new Turn(tenant, cost, go);
    tenant.waiting.push(turn);
    this.#admit(tenant, now);
    return turn;
  }

  /** The request was answered, or whoever sent it is gone. */
  leave(turn: Turn): void {
    const { tenant } = turn;
    if (turn.waits) {
      tenant.waiting.splice(tenant.waiting.indexOf(turn), 1);
      turn.go = undefined;
      return;
    }
    const now = this.#clock();
    tenant.underway--;
    tenant.seen = now;
    this.#admit(tenant, now);
  }

  /** So many bytes of an answer pass. */
  answered({ tenant }: Turn, bytes: number): void {
    tenant.credit -= (bytes / KIB) * FAIR_KIB_MS;
  }

  #add(name: string, now: number): Tenant {
    const isCluster = !name.startsWith(MANAGEMENT);
    const tenant = { isCluster, underway: 0, waiting: [], seen: now, credit: FAIR_SAVED_MS, creditAt: now, timed: false };
    this.#tenants.set(name, tenant);
    if (isCluster) this.#clusters++;
    return tenant;
  }

  /** Begins what may begin. */
  #admit(tenant: Tenant, now: number): void {
    const pays = tenant.isCluster && this.#clusters > 1;
    this.#save(tenant, now);
    while (tenant.waiting.length > 0) {
      if (tenant.underway >= (pays && tenant.credit < FAIR_SAVED_MS / 2 ? FAIR_GREEDY : FAIR_MOST)) return;
      if (pays && tenant.credit <= 0) {
        this.#lookAgain(tenant);
        return;
      }
      this.#begin(tenant.waiting.shift() as Turn);
    }
  }

  /** It may take no more time yet: it is looked at when it may. */
  #lookAgain(tenant: Tenant): void {
    if (tenant.timed) return;
    tenant.timed = true;
    this.#later(Math.ceil(-tenant.credit / FAIR_SHARE) + 1, () => {
      tenant.timed = false;
      this.#admit(tenant, this.#clock());
    });
  }

  #save(tenant: Tenant, now: number): void {
    // What it took while it was alone is not held against it for long.
    tenant.credit = Math.min(FAIR_SAVED_MS, Math.max(-FAIR_DEBT_MS, tenant.credit) + (now - tenant.creditAt) * FAIR_SHARE);
    tenant.creditAt = now;
  }

  #begin(turn: Turn): void {
    const { go, tenant } = turn;
    tenant.underway++;
    tenant.credit -= turn.cost;
    turn.go = undefined;
    go?.();
  }

  #sweep(now: number): void {
    this.#swept = now;
    for (const [name, tenant] of this.#tenants) {
      if (tenant.underway > 0 || tenant.waiting.length > 0 || now - tenant.seen < FAIR_PRESENT_MS) continue;
      this.#tenants.delete(name);
      if (tenant.isCluster) this.#clusters--;
    }
  }
}
