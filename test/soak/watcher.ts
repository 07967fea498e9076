import { type Caller, parsed } from './caller.ts';
import type { Lives } from './lives.ts';
import type { Meter } from './meter.ts';
import type { Seen } from './operations.ts';
import type { Report } from './report.ts';

/** How long a client waits before it watches again, ms. */
const AGAIN_MS = 50;
const LOOK_MS = 20;
const TIMEOUT_SECONDS = 25;

interface Event {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: Seen & { code?: number; message?: string };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Where a cluster's API is, and as whom. */
export interface Door {
  id: string;
  prefix: string;
  token: string;
}

/** One watch as a reflector of client-go keeps it: a list, then events, and again from the last revision whenever the stream ends. */
export class Watcher {
  readonly #caller: Caller;
  readonly #lives: Lives;
  readonly #report: Report;
  readonly #door: Door;
  readonly #meter: Meter;
  readonly #path: string;
  readonly #stopped = new AbortController();
  readonly #state = new Map<string, string>();
  #revision = 0;
  #began = 0;
  /** Revisions that were seen, and uids that went. */
  readonly #heard = new Set<number>();
  readonly #gone = new Set<string>();
  #running: Promise<void> | undefined;

  constructor(o: { caller: Caller; lives: Lives; report: Report; door: Door; meter: Meter; path: string }) {
    this.#caller = o.caller;
    this.#lives = o.lives;
    this.#report = o.report;
    this.#door = o.door;
    this.#meter = o.meter;
    this.#path = `${o.door.prefix}${o.path}`;
  }

  async start(): Promise<void> {
    await this.#relist();
    this.#began = this.#revision;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  #wrong(text: string): void {
    this.#report.violation(`watch of ${this.#path}: ${text}`);
  }

  async #list(): Promise<{ state: Map<string, string>; revision: number } | undefined> {
    const answer = await this.#caller.ask({ method: 'GET', path: this.#path, token: this.#door.token });
    if (answer) this.#meter.answered({ write: false, row: false });
    else this.#meter.unsure(false);
    if (answer?.status !== 200) return undefined;
    const { metadata, items } = parsed<{ metadata: { resourceVersion: string }; items: Seen[] }>(answer);
    const state = new Map(items.map((item) => [item.metadata.uid, item.metadata.resourceVersion]));
    return { state, revision: Number(metadata.resourceVersion) };
  }

  async #relist(): Promise<void> {
    for (;;) {
      const found = await this.#list();
      if (!found) {
        if (this.#stopped.signal.aborted) return;
        await pause(AGAIN_MS);
        continue;
      }
      if (found.revision < this.#revision) this.#wrong(`a list at ${found.revision} after an event at ${this.#revision}`);
      this.#state.clear();
      for (const [uid, revision] of found.state) this.#state.set(uid, revision);
      this.#revision = found.revision;
      return;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#lives.serving();
      const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${TIMEOUT_SECONDS}&resourceVersion=${this.#revision}`;
      const ask = { method: 'GET', path: `${this.#path}?${query}`, token: this.#door.token };
      let over = false;
      let opened = false;
      const onOpen = (status: number) => {
        opened = true;
        if (status !== 429) this.#meter.answered({ write: false, row: false });
      };
      const onLine = (line: string) => (over ||= !this.#event(JSON.parse(line)));
      const answer = await this.#caller.lines(ask, onOpen, onLine, signal);
      if (!opened) this.#meter.unsure(false);
      if (signal.aborted) return;
      this.#report.count('watches opened');
      if (answer?.status === 410 || over) await this.#again();
      else if (answer && answer.status !== 200 && answer.status !== 429) {
        this.#wrong(`answered ${answer.status} ${answer.body.slice(0, 200)}`);
      }
      await pause(AGAIN_MS);
    }
  }

  /** The log does not reach back so far: everything between is unknown. */
  async #again(): Promise<void> {
    this.#wrong(`revision ${this.#revision} is forgotten, though the client was away for moments only`);
    await this.#relist();
    this.#began = this.#revision;
  }

  /** False when the stream is over. */
  #event({ type, object }: Event): boolean {
    if (type === 'ERROR') {
      if (object.code !== 410) this.#wrong(`an error ${JSON.stringify(object)}`);
      return false;
    }
    const { uid, name, resourceVersion } = object.metadata;
    const revision = Number(resourceVersion);
    if (type === 'BOOKMARK') {
      if (revision < this.#revision) this.#wrong(`a bookmark of ${revision} after ${this.#revision}`);
      this.#revision = Math.max(this.#revision, revision);
      return true;
    }
    if (revision <= this.#revision)
      this.#wrong(`${type} ${name} at ${revision} after ${this.#revision}: doubled or out of order`);
    if (type === 'ADDED' && this.#state.has(uid)) this.#wrong(`${name} was added twice (${revision})`);
    if (type !== 'ADDED' && !this.#state.has(uid)) this.#wrong(`${type} ${name} (${revision}), which was never added`);
    this.#report.count('watch events');
    this.#revision = revision;
    this.#heard.add(revision);
    if (type === 'DELETED') {
      this.#state.delete(uid);
      this.#gone.add(uid);
    } else {
      this.#state.set(uid, resourceVersion);
    }
    return true;
  }

  /** Nobody writes any more: what was heard must add up to what is there, and hold every write that was acknowledged since it began. */
  async check(acknowledged: readonly number[], deleted: readonly { uid: string; after: number }[], ms: number): Promise<void> {
    const end = performance.now() + ms;
    let difference = 'no list';
    do {
      const found = await this.#list();
      if (found) difference = this.#difference(found.state, acknowledged, deleted);
      if (difference === '') return;
      await pause(LOOK_MS);
    } while (performance.now() < end);
    this.#wrong(`${difference} (at ${this.#revision})`);
  }

  #difference(
    there: Map<string, string>,
    acknowledged: readonly number[],
    deleted: readonly { uid: string; after: number }[],
  ): string {
    for (const [uid, revision] of there) {
      if (this.#state.get(uid) !== revision) return `heard of ${uid} at ${this.#state.get(uid)}, and it is at ${revision}`;
    }
    for (const uid of this.#state.keys()) if (!there.has(uid)) return `heard nothing of the end of ${uid}`;
    const missed = acknowledged.find((revision) => revision > this.#began && !this.#heard.has(revision));
    if (missed !== undefined) return `the acknowledged write ${missed} was not heard of`;
    const lost = deleted.find(({ uid, after }) => after > this.#began && !this.#gone.has(uid));
    return lost ? `the acknowledged deletion of ${lost.uid} was not heard of` : '';
  }
}
