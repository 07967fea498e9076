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
  /** A round visits every watch once; a flush that stops early leaves it where it stands. */
  #round: Iterator<[WatchSession, WatchPort]> | undefined;
  /** The newest revision when the round began: all that it has visited have heard of it. */
  #head = 0;

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
   * True once every watch has heard of `head`, false after `most` messages. Of many watches the first thus has its message under way while
   * the last is still to be served, and a write is not answered after all of them.
   */
  flush(now: number, head: number, most: number): boolean {
    let left = most;
    while (left > 0) {
      if (!this.#round) {
        this.#round = this.#open.entries();
        this.#head = head;
      }
      const { done, value } = this.#round.next();
      if (!done) left -= this.#tell(...value, now);
      else {
        this.#round = undefined;
        // What was committed after the round began may have missed those that it visited first.
        if (this.#head === head) return true;
      }
    }
    return false;
  }

  /**
   * Says how many messages were sent. What a port keeps is not renewed with every frame: a cluster does not sleep before what was committed
   * is flushed, so a watch that wakes is at the head of the log (Cluster.resume). Only the rest of its spec is worth keeping when it changes.
   */
  #tell(session: WatchSession, port: WatchPort, now: number): number {
    const { headers } = session.spec;
    const frames = session.pump(now);
    if (frames.length) port.send(frames.length === 1 ? frames[0] : frames.join(''));
    if (session.spec.headers !== headers) port.save(session.spec);
    if (session.closed) {
      this.#open.delete(session);
      port.close();
    }
    return frames.length ? 1 : 0;
  }
}
