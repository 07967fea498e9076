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
  readonly #sent: (bytes: number, now: number) => void;
  /** Those whose credential expires: few, if any. */
  readonly #expiring = new Set<WatchSession>();
  /** A round visits every watch once; a flush that stops early leaves it where it stands. */
  #round: Iterator<[WatchSession, WatchPort]> | undefined;
  /** The newest revision when the round began: all that it has visited have heard of it. */
  #head = 0;

  /** `sent` is told of every message. */
  constructor(sent: (bytes: number, now: number) => void) {
    this.#sent = sent;
  }

  add(session: WatchSession, port: WatchPort): void {
    this.#open.set(session, port);
    if (session.spec.expires !== undefined) this.#expiring.add(session);
  }

  remove(session: WatchSession): void {
    this.#open.delete(session);
    this.#expiring.delete(session);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ends those whose spec says so, without another word. */
  end(over: (spec: WatchSpec) => boolean): void {
    for (const [session, port] of this.#open) {
      if (over(session.spec)) this.#close(session, port);
    }
  }

  /** Watches end with their credentials: says at what time each does now. */
  expire(at: (spec: WatchSpec) => number | undefined): void {
    for (const [session, port] of this.#open) {
      const expires = at(session.spec);
      if (expires === session.spec.expires) continue;
      session.spec.expires = expires;
      port.save(session.spec);
      this.add(session, port);
    }
  }

  /** When the next watch ends because its credential expires. */
  nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const { spec } of this.#expiring) {
      if (spec.expires !== undefined && (next === undefined || spec.expires < next)) next = spec.expires;
    }
    return next;
  }

  #close(session: WatchSession, port: WatchPort): void {
    this.remove(session);
    port.close();
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
    const { headers, expires } = session.spec;
    if (expires !== undefined && expires <= now) {
      this.#close(session, port);
      return 0;
    }
    const frames = session.pump(now);
    if (frames.length) {
      const message = frames.length === 1 ? frames[0] : frames.join('');
      port.send(message);
      this.#sent(message.length, now);
    }
    if (session.spec.headers !== headers) port.save(session.spec);
    if (session.closed) this.#close(session, port);
    return frames.length ? 1 : 0;
  }
}
