import type { Resume } from '../apiserver/streams/table.ts';
import type { Message, Session, StreamPort, StreamSpec } from '../lib/stream.ts';

export interface SessionsDeps {
  resumptions: Record<string, Resume>;
  /** The cluster's time at a time of the wall clock, ms: what streams show goes by it, when they end by the wall clock. */
  clock(wall: number): number;
  sent(bytes: number, now: number): void;
  failed(error: unknown): void;
}

/** Open streams of a cluster. */
export class Sessions {
  readonly #open = new Map<Session, StreamPort>();
  readonly #resumptions: Record<string, Resume>;
  readonly #clock: (wall: number) => number;
  readonly #sent: (bytes: number, now: number) => void;
  readonly #failed: (error: unknown) => void;
  /** Sessions whose credential expires. */
  readonly #expiring = new Set<Session>();
  /** Iteration over all streams; a flush that stops early is continued by the next. */
  #round: Iterator<[Session, StreamPort]> | undefined;
  /** Revision when the round began: every stream visited in it has got the changes up to there. */
  #head = 0;
  /** Time of the current call, ms. */
  #now = 0;

  /** `sent` is called for every message, `failed` for a stream that throws; such a stream ends. */
  constructor({ resumptions, clock, sent, failed }: SessionsDeps) {
    this.#resumptions = resumptions;
    this.#clock = clock;
    this.#sent = sent;
    this.#failed = failed;
  }

  /** Opens a stream: its first messages are sent at once, later ones by flush. */
  open(make: (port: StreamPort) => Session, port: StreamPort, now: number): Session {
    this.#now = now;
    const session = make(this.#metered(port));
    session.initial(this.#clock(now));
    if (session.closed) port.close();
    else this.#add(session, port);
    return session;
  }

  /** Recreates the session of a stream after hibernation, from its saved spec; undefined: unknown type. */
  resume(spec: StreamSpec, port: StreamPort): Session | undefined {
    const session = this.#resumptions[spec.type]?.(spec, this.#metered(port));
    if (session) this.#add(session, port);
    return session;
  }

  #metered(port: StreamPort): StreamPort {
    return {
      send: (message: Message) => {
        port.send(message);
        this.#sent(message.length, this.#now);
      },
      save: (spec) => port.save(spec),
      close: () => port.close(),
    };
  }

  #add(session: Session, port: StreamPort): void {
    this.#open.set(session, port);
    if (session.spec.expires !== undefined) this.#expiring.add(session);
  }

  /** Hands a client's message to its session. */
  receive(session: Session, message: Message, now: number): void {
    const port = this.#open.get(session);
    if (!port || !session.receive) return;
    this.#now = now;
    this.#guarded(session, port, () => {
      session.receive?.(message, this.#clock(now));
      if (session.closed) this.#close(session, port);
    });
  }

  /**
   * Runs a session's code. [STR6] A session that throws is reported and ends, and its client reconnects from its last revision; other
   * streams continue.
   */
  #guarded(session: Session, port: StreamPort, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(session, port, error);
    }
  }

  #fail(session: Session, port: StreamPort, error: unknown): void {
    if (this.#open.has(session)) this.#quietly(() => this.#end(session, port));
    this.#failed(error);
  }

  /** Ends a stream whose error is reported already; a second error is ignored. */
  #quietly(end: () => void): void {
    try {
      end();
    } catch {
      // The session is removed in any case.
    }
  }

  /** Removes a session whose client disconnected. */
  remove(session: Session): void {
    if (this.#open.has(session)) session.close?.();
    this.#forget(session);
  }

  #forget(session: Session): void {
    this.#open.delete(session);
    this.#expiring.delete(session);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Ends streams whose credential has expired. */
  endExpired(now: number): void {
    for (const session of this.#expiring) {
      const { expires } = session.spec;
      const port = this.#open.get(session);
      if (port && expires !== undefined && expires <= now) this.#guarded(session, port, () => this.#end(session, port));
    }
  }

  /** Ends the streams that a predicate selects, without another message. */
  end(isOver: (spec: StreamSpec) => boolean): void {
    for (const [session, port] of this.#open) {
      if (isOver(session.spec)) this.#guarded(session, port, () => this.#end(session, port));
    }
  }

  /** Sets the expiry of every stream to `at(spec)`, ms. */
  expire(at: (spec: StreamSpec) => number | undefined): void {
    for (const [session, port] of this.#open) {
      const expires = at(session.spec);
      if (expires === session.spec.expires) continue;
      session.spec.expires = expires;
      this.#add(session, port);
      this.#guarded(session, port, () => port.save(session.spec));
    }
  }

  /** Earliest expiry of a stream's credential, ms; undefined: none expires. */
  nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const { spec } of this.#expiring) {
      if (spec.expires !== undefined && (next === undefined || spec.expires < next)) next = spec.expires;
    }
    return next;
  }

  #end(session: Session, port: StreamPort): void {
    try {
      session.close?.();
    } finally {
      this.#close(session, port);
    }
  }

  #close(session: Session, port: StreamPort): void {
    this.#forget(session);
    port.close();
  }

  /**
   * Sends pending messages of all streams. Returns true once every stream has got the changes up to revision `head`, false after `maxMessages`:
   * with many streams a turn stays short, and responses and other requests come between.
   */
  flush(now: number, head: number, maxMessages: number): boolean {
    this.#now = now;
    const time = this.#clock(now);
    let left = maxMessages;
    while (left > 0) {
      if (!this.#round) {
        this.#round = this.#open.entries();
        this.#head = head;
      }
      const { done, value } = this.#round.next();
      if (!done) left -= this.#pump(...value, now, time);
      else {
        this.#round = undefined;
        // Streams visited early in the round may miss a commit made during it.
        if (this.#head === head) return true;
      }
    }
    return false;
  }

  /** Sends pending messages of one stream at a time of the cluster; returns their number. */
  #pump(session: Session, port: StreamPort, now: number, time: number): number {
    const { expires } = session.spec;
    if (expires !== undefined && expires <= now) {
      this.#guarded(session, port, () => this.#end(session, port));
      return 0;
    }
    // Without a closure, for speed: this runs for each stream after each write.
    try {
      const sent = session.pump(time);
      if (session.closed) this.#close(session, port);
      return sent;
    } catch (error) {
      this.#fail(session, port, error);
      return 0;
    }
  }
}

const SECOND_MS = 1000;

/** Limits a stream to the lifetime of its credential, or of the issuer's token that opened it. */
export function limitToCredential(spec: StreamSpec, ofCredential: number | undefined, now: number): void {
  const expires = ofCredential ?? spec.expires;
  if (expires === undefined) return;
  spec.expires = expires;
  spec.timeoutSeconds = Math.min(spec.timeoutSeconds, Math.ceil((expires - now) / SECOND_MS));
}
