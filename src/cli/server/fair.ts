/** Requests of one tenant that may be under way at once: alone on the server, and while others are there too. */
const ALONE = 32;
const CROWDED = 1;
/** How long after its last request a tenant counts as there, ms. */
const PRESENT_MS = 5_000;
/** How often it is looked who has gone, ms. */
const SWEEP_MS = 250;
/** How much of the first chunk of a request is searched for who sent it. */
const HEAD_BYTES = 2048;

const SPACE = 0x20;
const CLUSTERS = Buffer.from('/clusters/');
const AUTHORIZATION = /\r\nauthorization: *([^\r]*)\r/i;

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
  return AUTHORIZATION.exec(chunk.toString('latin1', 0, HEAD_BYTES))?.[1] ?? '';
}

/** "/", "?" and the space end an id. */
const isEnd = (code: number): boolean => code === 0x2f || code === 0x3f || code === SPACE;

interface Tenant {
  underway: number;
  /** What begins when one of those under way is answered, first come, first served. */
  waiting: Turn[];
  seen: number;
}

/** One request's place. */
export class Turn {
  readonly tenant: Tenant;
  /** Present until the request begins. */
  go: (() => void) | undefined;

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
 * has a queue of its own, on this side of the thread: of a tenant with many requests all but one wait here while others are about, and
 * another's request finds at most one of each of them before itself. A tenant who is alone is hardly ever held back.
 */
export class Fair {
  readonly #tenants = new Map<string, Tenant>();
  #swept = 0;

  /** Calls `go` when the request may begin: at once, or later. The turn is to be given to `leave` once, whatever became of it. */
  enter(name: string, now: number, go: () => void): Turn {
    let tenant = this.#tenants.get(name);
    if (!tenant) {
      tenant = { underway: 0, waiting: [], seen: now };
      this.#tenants.set(name, tenant);
    }
    tenant.seen = now;
    if (now - this.#swept >= SWEEP_MS) this.#sweep(now);
    const turn = new Turn(tenant, go);
    if (tenant.underway < this.#most) this.#begin(turn);
    else tenant.waiting.push(turn);
    return turn;
  }

  /** The request was answered, or whoever sent it is gone. */
  leave(turn: Turn, now: number): void {
    const { tenant } = turn;
    if (turn.go) {
      tenant.waiting.splice(tenant.waiting.indexOf(turn), 1);
      turn.go = undefined;
      return;
    }
    tenant.underway--;
    tenant.seen = now;
    while (tenant.waiting.length > 0 && tenant.underway < this.#most) this.#begin(tenant.waiting.shift() as Turn);
  }

  get #most(): number {
    return this.#tenants.size > 1 ? CROWDED : ALONE;
  }

  #begin(turn: Turn): void {
    const { go } = turn;
    turn.tenant.underway++;
    turn.go = undefined;
    go?.();
  }

  #sweep(now: number): void {
    this.#swept = now;
    for (const [name, tenant] of this.#tenants) {
      if (tenant.underway === 0 && tenant.waiting.length === 0 && now - tenant.seen >= PRESENT_MS) this.#tenants.delete(name);
    }
  }
}
