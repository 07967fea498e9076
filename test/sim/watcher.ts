import type { Obj } from '../../src/lib/json.ts';
import type { Host } from '../host/make-cluster.ts';

/** A client as client-go's reflector is one: lists, watches from there, reconnects from the last revision it saw, lists again after 410. */
export class Watcher {
  readonly path: string;
  readonly state = new Map<string, Obj>();
  #host: Host;
  #revision = '';
  #watch: ReturnType<Host['watch']> | undefined;
  #seen = 0;

  constructor(host: Host, path: string) {
    this.#host = host;
    this.path = path;
    this.#list();
  }

  #list(): void {
    const answer = this.#host.request('GET', this.path);
    this.state.clear();
    for (const item of answer.body.items) this.state.set(keyOf(item), item);
    this.#open(answer.body.metadata.resourceVersion);
  }

  #open(revision: string): void {
    this.#revision = revision;
    this.#seen = 0;
    this.#watch = this.#host.watch(`${this.path}?watch=1&resourceVersion=${revision}&allowWatchBookmarks=true`);
  }

  /** Takes what has arrived. Throws when an event comes twice or out of order. */
  take(): void {
    const events = this.#watch?.events ?? [];
    for (; this.#seen < events.length; this.#seen++) {
      const { type, object } = events[this.#seen];
      if (type === 'ERROR') {
        if (object.code !== 410) throw new Error(`watch of ${this.path} ended: ${JSON.stringify(object)}`);
        return this.#list();
      }
      const revision = object.metadata.resourceVersion;
      if (type !== 'BOOKMARK' && Number(revision) <= Number(this.#revision)) {
        throw new Error(`watch of ${this.path}: ${type} at ${revision} after ${this.#revision}`);
      }
      this.#revision = revision;
      if (type === 'BOOKMARK') continue;
      const known = this.state.has(keyOf(object));
      if ((type === 'ADDED') === known)
        throw new Error(`watch of ${this.path}: ${type} of ${keyOf(object)}, which is ${known ? '' : 'not '}known`);
      if (type === 'DELETED') this.state.delete(keyOf(object));
      else this.state.set(keyOf(object), object);
    }
  }

  reconnect(): void {
    this.take();
    this.#watch?.close();
    this.#open(this.#revision);
  }
}

export const keyOf = (object: Obj): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
