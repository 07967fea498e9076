/** Requests of one tenant that may be under way at once: alone on the server, and while others are there too. */
const ALONE = 32;
const CROWDED = 4;
/** Of the thread's time, how much a tenant gets while others are there: so many ms saved up, and this share from then on. */
const SAVED_MS = 30;
const SHARE = 1 / 3;
/** How long after its last request a tenant counts as there, ms. */
const PRESENT_MS = 3_000;
/** How often it is looked who has gone, ms. */
const SWEEP_MS = 250;
/** How much of the first chunk of a request is searched for who sent it. */
const HEAD_BYTES = 2048;

const SPACE = 0x20;
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
  /** The work that was done when it began. */
  from = 0;

  get waits(): boolean {
    return this.go !== undefined;
  }

  constructor(tenant: Tenant, go: () => void) {
    this.tenant = tenant;
    this.go = go;
  }
}

/**
 * The objects of all tenants share one thread here, and what is in front of a request in its queue is what it waits for. So each tenant
 * has a queue of its own on this side of the thread. While several are there, each has few requests under way, and pays for the time that they
 * take: who asks for much finds the thread free a third of the time only, who asks for little finds it free mostly. A tenant who is alone is
 * hardly ever held back.
 */
export class Fair {
  readonly #tenants = new Map<string, Tenant>();
  readonly #clock: () => number;
  readonly #later: (ms: number, go: () => void) => void;
  #clusters = 0;
  #swept = 0;
  /** Requests under way, and the time that each had of the thread if it was shared evenly since the beginning, ms. */
  #underway = 0;
  #work = 0;
  #workAt = 0;

  /** `clock` in ms; `later` calls back after so many. */
  constructor(clock: () => number, later: (ms: number, go: () => void) => void) {
    this.#clock = clock;
    this.#later = later;
  }

  /** Calls `go` when the request may begin: at once, or later. The turn is to be given to `leave` once, whatever became of it. */
  enter(name: string, go: () => void): Turn {
    const now = this.#clock();
    const tenant = this.#tenants.get(name) ?? this.#add(name, now);
    tenant.seen = now;
    if (now - this.#swept >= SWEEP_MS) this.#sweep(now);
    const turn = new Turn(tenant, go);
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
    this.#pass(now);
    this.#underway--;
    tenant.underway--;
    tenant.seen = now;
    this.#save(tenant, now);
    tenant.credit -= this.#work - turn.from;
    this.#admit(tenant, now);
  }

  #add(name: string, now: number): Tenant {
    const isCluster = !name.startsWith(MANAGEMENT);
    const tenant = { isCluster, underway: 0, waiting: [], seen: now, credit: SAVED_MS, creditAt: now, timed: false };
    this.#tenants.set(name, tenant);
    if (isCluster) this.#clusters++;
    return tenant;
  }

  /** Begins what may begin. */
  #admit(tenant: Tenant, now: number): void {
    const crowded = tenant.isCluster ? this.#clusters > 1 : this.#clusters > 0;
    const most = crowded ? CROWDED : ALONE;
    while (tenant.waiting.length > 0 && tenant.underway < most) {
      if (crowded && tenant.isCluster && !this.#hasCredit(tenant, now)) return;
      this.#begin(tenant.waiting.shift() as Turn, now);
    }
  }

  /** Whether it may take more time; when it may not yet, it is looked at again when it may. */
  #hasCredit(tenant: Tenant, now: number): boolean {
    this.#save(tenant, now);
    if (tenant.credit > 0) return true;
    if (tenant.timed || tenant.underway > 0) return false;
    tenant.timed = true;
    this.#later(Math.ceil(-tenant.credit / SHARE) + 1, () => {
      tenant.timed = false;
      this.#admit(tenant, this.#clock());
    });
    return false;
  }

  #save(tenant: Tenant, now: number): void {
    tenant.credit = Math.min(SAVED_MS, tenant.credit + (now - tenant.creditAt) * SHARE);
    tenant.creditAt = now;
  }

  #begin(turn: Turn, now: number): void {
    const { go } = turn;
    this.#pass(now);
    this.#underway++;
    turn.tenant.underway++;
    turn.from = this.#work;
    turn.go = undefined;
    go?.();
  }

  #pass(now: number): void {
    if (this.#underway > 0) this.#work += (now - this.#workAt) / this.#underway;
    this.#workAt = now;
  }

  #sweep(now: number): void {
    this.#swept = now;
    for (const [name, tenant] of this.#tenants) {
      if (tenant.underway > 0 || tenant.waiting.length > 0 || now - tenant.seen < PRESENT_MS) continue;
      this.#tenants.delete(name);
      if (tenant.isCluster) this.#clusters--;
    }
  }
}
