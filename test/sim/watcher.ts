import { equal, type Obj } from '../../src/lib/json.ts';
import type { TestCluster } from '../host/make-cluster.ts';
import type { StreamPort } from '../../src/lib/stream.ts';
import type { Entry, Ledger } from './ledger.ts';

/** What a watcher asks for. `matches` says in its own words what the selectors in the query mean. */
export interface Subject {
  resource: string;
  path: string;
  query?: string;
  namespace?: string;
  matches?: (object: Obj) => boolean;
  /** Lists by watching (sendInitialEvents) in place of a LIST. */
  streams?: boolean;
  /** Asks for PartialObjectMetadata. */
  metadataOnly?: boolean;
}

interface Expected {
  type: string;
  entry: Entry;
  /** The state that the event shows. */
  shown: Entry;
}

const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/**
 * A client as client-go's reflector is one: lists, watches from there, reconnects from the last revision it saw, lists again
 * after 410. Every event is compared with what the ledger says must come next: none twice, none missing, none out of order,
 * none with another content.
 */
export class Watcher {
  readonly subject: Subject;
  readonly state = new Map<string, Obj>();
  /** How often the server said 410. */
  expired = 0;
  readonly #host: TestCluster;
  readonly #ledger: Ledger;
  readonly #sent: () => void;
  #revision = 0;
  /** Up to where of the ledger the expected events stand in #queue. */
  #read = 0;
  #queue: Expected[] = [];
  #watch: { lines: string[]; isOver: boolean; close(): void } | undefined;
  #seen = 0;
  #initial: Map<string, Obj> | undefined;

  /** `sent` is called for every message that came. */
  constructor(host: TestCluster, ledger: Ledger, subject: Subject, sent: () => void) {
    this.#sent = sent;
    this.#host = host;
    this.#ledger = ledger;
    this.subject = subject;
    this.#list();
  }

  get name(): string {
    const { path, query = '', streams, metadataOnly } = this.subject;
    return `watch of ${path}?${query}${streams ? ' (streaming)' : ''}${metadataOnly ? ' (metadata)' : ''}`;
  }

  /** The last revision that it knows. */
  get revision(): number {
    return this.#revision;
  }

  get connected(): boolean {
    return this.#watch !== undefined;
  }

  #fail(message: string): never {
    throw new Error(`${this.name}: ${message}`);
  }

  #url(more: string): string {
    return `${this.subject.path}?${this.subject.query ? `${this.subject.query}&` : ''}${more}`;
  }

  #list(): void {
    this.state.clear();
    if (this.subject.streams) {
      this.#initial = new Map();
      this.#open('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&');
      return this.take();
    }
    const answer = this.#host.request('GET', this.#url(''));
    if (answer.status !== 200) this.#fail(answer.text);
    const { kind, apiVersion } = { kind: answer.body.kind.replace(/List$/, ''), apiVersion: answer.body.apiVersion };
    for (const item of answer.body.items) this.state.set(keyOf(item), this.#cut({ kind, apiVersion, ...item }));
    this.#from(Number(answer.body.metadata.resourceVersion));
    this.#open(`resourceVersion=${this.#revision}&`);
  }

  #cut(object: Obj): Obj {
    return this.subject.metadataOnly ? { metadata: object.metadata } : object;
  }

  #from(revision: number): void {
    this.#revision = revision;
    this.#read = revision;
    this.#queue = [];
  }

  #open(how: string): void {
    this.#seen = 0;
    const headers: Record<string, string> = this.subject.metadataOnly ? { accept: PARTIAL } : {};
    const watch = { lines: [] as string[], isOver: false, close() {} };
    const port: StreamPort = {
      send: (text) => {
        watch.lines.push(...String(text).trimEnd().split('\n'));
        this.#sent();
      },
      save() {},
      close: () => {
        watch.isOver = true;
      },
    };
    watch.close = this.#host.watchTo(this.#url(`watch=1&${how}allowWatchBookmarks=true`), port, headers);
    this.#watch = watch;
  }

  #concerns(entry: Entry | undefined): boolean {
    const { namespace, matches = () => true } = this.subject;
    return entry !== undefined && (!namespace || entry.object.metadata.namespace === namespace) && matches(entry.object);
  }

  /** What the ledger says must come, in the order in which it must. */
  #expect(): void {
    this.#ledger.read();
    for (const entry of this.#ledger.after(this.subject.resource, this.#read)) {
      const was = this.#concerns(entry.old);
      const is = entry.type !== 'DELETED' && this.#concerns(entry);
      if (is) this.#queue.push({ type: was ? 'MODIFIED' : 'ADDED', entry, shown: entry });
      else if (was) {
        this.#queue.push({ type: 'DELETED', entry, shown: entry.type === 'DELETED' ? entry : (entry.old as Entry) });
      }
    }
    this.#read = this.#ledger.revision;
  }

  /** Takes what has arrived. */
  take(): void {
    if (!this.#watch) return;
    if (this.#initial && !this.#takeInitial(this.#initial)) return;
    this.#expect();
    const { lines } = this.#watch;
    for (; this.#seen < lines.length; this.#seen++) {
      if (this.#asExpected(lines[this.#seen])) continue;
      const { type, object } = JSON.parse(lines[this.#seen]);
      if (type === 'ERROR') {
        if (object.code !== 410) this.#fail(`it ended: ${JSON.stringify(object)}`);
        if (this.#revision >= this.#host.cluster.registry.store.compacted())
          this.#fail(`410 at ${this.#revision}, which is kept`);
        this.expired++;
        return this.#list();
      }
      const revision = Number(object.metadata.resourceVersion);
      if (type === 'BOOKMARK') this.#bookmark(revision);
      else this.#event(type, object, revision);
      this.#revision = revision;
    }
    if (this.#watch.isOver) this.#watch = undefined;
  }

  /** The usual case without reading it: the very text of the state that must come next. */
  #asExpected(line: string): boolean {
    const [next] = this.#queue;
    if (!next || next.shown !== next.entry || line !== `{"type":"${next.type}","object":${next.entry.json}}`) return false;
    this.#queue.shift();
    if (next.type === 'DELETED') this.state.delete(next.entry.key);
    else this.state.set(next.entry.key, next.entry.object);
    this.#revision = next.entry.rev;
    return true;
  }

  #bookmark(revision: number): void {
    const missed = this.#queue.find(({ entry }) => entry.rev <= revision);
    if (missed) this.#fail(`a bookmark at ${revision} before ${missed.type} of ${missed.entry.key} at ${missed.entry.rev}`);
  }

  #event(type: string, object: Obj, revision: number): void {
    const next = this.#queue.shift();
    const said = `${type} of ${keyOf(object)} at ${revision}`;
    if (!next) return this.#fail(`${said}, and nothing was to come`);
    const due = `${next.type} of ${next.entry.key} at ${next.entry.rev}`;
    if (said !== due) this.#fail(`${said} came, ${due} was to come`);
    const shown: Obj = { ...next.shown.object, metadata: { ...next.shown.object.metadata, resourceVersion: String(revision) } };
    if (!equal(this.#cut(object), this.#cut(shown))) this.#fail(`${said} shows ${JSON.stringify(object)}`);
    if (type === 'DELETED') this.state.delete(keyOf(object));
    else this.state.set(keyOf(object), this.#cut(object));
  }

  /** The state as events, up to the bookmark that ends it; false while it has not come. */
  #takeInitial(state: Map<string, Obj>): boolean {
    const lines = this.#watch?.lines ?? [];
    while (this.#seen < lines.length) {
      const { type, object } = JSON.parse(lines[this.#seen++]);
      if (type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
        this.#initial = undefined;
        for (const [key, item] of state) this.state.set(key, item);
        this.#from(Number(object.metadata.resourceVersion));
        this.#ledger.read();
        this.check(this.#revision);
        return true;
      }
      if (type !== 'ADDED') this.#fail(`${type} among the initial events`);
      if (state.has(keyOf(object))) this.#fail(`${keyOf(object)} comes twice`);
      state.set(keyOf(object), this.#cut(object));
    }
    return false;
  }

  /** The state that was put together is the very one that was at the revision. */
  check(revision: number): void {
    const due = this.#ledger.at(this.subject.resource, revision).filter((entry) => this.#concerns(entry));
    if (due.length !== this.state.size) this.#fail(`${this.state.size} objects at ${revision}, there were ${due.length}`);
    for (const entry of due) {
      if (!equal(this.state.get(entry.key), this.#cut(entry.object)))
        this.#fail(`${entry.key} is not as at ${revision}: ${JSON.stringify(this.state.get(entry.key))}`);
    }
  }

  /** After a flush: all has come, and it is the state of the ledger. */
  checkCurrent(): void {
    this.take();
    if (!this.#watch) this.reconnect();
    this.take();
    if (this.#initial) this.#fail('the initial events do not end');
    const [missed] = this.#queue;
    if (missed) this.#fail(`${missed.type} of ${missed.entry.key} at ${missed.entry.rev} did not come`);
    this.check(this.#ledger.revision);
  }

  disconnect(): void {
    this.take();
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** From the last revision that was seen; a stream whose initial events were cut short begins again. */
  reconnect(): void {
    this.disconnect();
    if (this.#initial) return this.#list();
    this.#read = this.#revision;
    this.#queue = [];
    this.#open(`resourceVersion=${this.#revision}&`);
    const { store } = this.#host.cluster.registry;
    const refused = this.#watch?.lines[0]?.startsWith('{"type":"ERROR"');
    if (this.#revision < store.compacted() && !refused)
      this.#fail(`it goes on from ${this.#revision}, history begins at ${store.compacted()}`);
  }
}

export const keyOf = (object: Obj): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
