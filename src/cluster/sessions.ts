import type { Resume } from '../apiserver/streams/table.ts';
import type { Message, Session, StreamPort, StreamSpec } from '../lib/stream.ts';

export interface SessionsDeps {
  resumptions: Record<string, Resume>;
  sent(bytes: number, now: number): void;
  failed(error: unknown): void;
}

/** All open streams of a cluster: each sends what came up since the last flush. */
export class Sessions {
  readonly #open = new Map<Session, StreamPort>();
  readonly #resumptions: Record<string, Resume>;
  readonly #sent: (bytes: number, now: number) => void;
  readonly #failed: (error: unknown) => void;
  /** Those whose credential expires: few, if any. */
  readonly #expiring = new Set<Session>();
  /** A round visits every stream once; a flush that stops early leaves it where it stands. */
  #round: Iterator<[Session, StreamPort]> | undefined;
  /** The newest state when the round began: every stream that it has visited has got it. */
  #head = 0;
  /** The time of the call that goes on. */
  #now = 0;

  /** `sent` is called for every message, `failed` for a stream that throws; such a stream ends. */
  constructor({ resumptions, sent, failed }: SessionsDeps) {
    this.#resumptions = resumptions;
    this.#sent = sent;
    this.#failed = failed;
  }

  /** Opens a stream: its first messages are sent at once, later ones by flush. */
  open(make: (port: StreamPort) => Session, port: StreamPort, now: number): Session {
    this.#now = now;
    const session = make(this.#metered(port));
    session.initial(now);
    if (session.closed) port.close();
    else this.#add(session, port);
    return session;
  }

  /** The session of a stream that slept, from what its port kept; undefined for a type that is not known. */
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
      session.receive?.(message, now);
      if (session.closed) this.#close(session, port);
    });
  }

  /**
   * Runs what a stream does. [STR6] One that throws is reported and ends: its client comes again from where it is. Those after it have
   * their turn.
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

  /** Ends a stream that is reported already: a failure to notify its client is ignored. */
  #quietly(end: () => void): void {
    try {
      end();
    } catch {
      // Whatever it holds, it is forgotten.
    }
  }

  /** Forgets a session whose client is gone. */
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

  /** Ends those whose credential has expired. */
  endExpired(now: number): void {
    for (const session of this.#expiring) {
      const { expires } = session.spec;
      const port = this.#open.get(session);
      if (port && expires !== undefined && expires <= now) this.#guarded(session, port, () => this.#end(session, port));
    }
  }

  /** Ends those whose spec says so, without another message. */
  end(isOver: (spec: StreamSpec) => boolean): void {
    for (const [session, port] of this.#open) {
      if (isOver(session.spec)) this.#guarded(session, port, () => this.#end(session, port));
    }
  }

  /** Streams end with their credentials: `at` says at what time each does now. */
  expire(at: (spec: StreamSpec) => number | undefined): void {
    for (const [session, port] of this.#open) {
      const expires = at(session.spec);
      if (expires === session.spec.expires) continue;
      session.spec.expires = expires;
      this.#add(session, port);
      this.#guarded(session, port, () => port.save(session.spec));
    }
  }

  /** When the next stream ends because its credential expires. */
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
   * True once every stream has got `head`, false after `maxMessages`. Of many streams the first thus has its message under way while
   * the last is still to be served, and a write is not answered after all of them.
   */
  flush(now: number, head: number, maxMessages: number): boolean {
    this.#now = now;
    let left = maxMessages;
    while (left > 0) {
      if (!this.#round) {
        this.#round = this.#open.entries();
        this.#head = head;
      }
      const { done, value } = this.#round.next();
      if (!done) left -= this.#pump(...value, now);
      else {
        this.#round = undefined;
        // What was committed after the round began may have missed those that it visited first.
        if (this.#head === head) return true;
      }
    }
    return false;
  }

  /** Returns how many messages were sent. */
  #pump(session: Session, port: StreamPort, now: number): number {
    const { expires } = session.spec;
    if (expires !== undefined && expires <= now) {
      this.#guarded(session, port, () => this.#end(session, port));
      return 0;
    }
    // Without a closure: it runs for each stream of each write.
    try {
      const sent = session.pump(now);
      if (session.closed) this.#close(session, port);
      return sent;
    } catch (error) {
      this.#fail(session, port, error);
      return 0;
    }
  }
}

const SECOND_MS = 1000;

/** Has a stream end with the credential that opened it: a token of an issuer tells by itself when it expires. */
export function boundStream(spec: StreamSpec, ofCredential: number | undefined, now: number): void {
  const expires = ofCredential ?? spec.expires;
  if (expires === undefined) return;
  spec.expires = expires;
  spec.timeoutSeconds = Math.min(spec.timeoutSeconds, Math.ceil((expires - now) / SECOND_MS));
}
