import type { WatchSession, WatchSpec } from '../apiserver/streams/watch.ts';

/** Where a watch's frames go. The shell fills it with a socket (workerd) or an array (tests). */
export interface WatchPort {
  send(text: string): void;
  /** Keeps what the session must remember over a hibernation. */
  save(spec: WatchSpec): void;
  /** No frame follows. */
  close(): void;
}

/** All open watches of a cluster: what was committed since the last flush goes to each as one message. */
export class Watchers {
  readonly #open = new Map<WatchSession, WatchPort>();

  add(session: WatchSession, port: WatchPort): void {
    this.#open.set(session, port);
  }

  remove(session: WatchSession): void {
    this.#open.delete(session);
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * What a port keeps is not renewed with every frame: all that was committed before a sleep was flushed in its own turn, so a watch that
   * wakes is at the head of the log (Cluster.resume). Only the rest of its spec is worth keeping when it changes.
   */
  flush(now: number): void {
    for (const [session, port] of this.#open) {
      const { headers } = session.spec;
      const frames = session.pump(now);
      if (frames.length) port.send(frames.length === 1 ? frames[0] : frames.join(''));
      if (session.spec.headers !== headers) port.save(session.spec);
      if (session.closed) {
        this.#open.delete(session);
        port.close();
      }
    }
  }
}
