import { Attempt, type Question } from '../lib/ask.ts';
import { ATTEMPT_MS, ATTEMPT_ROUNDS, WAITING_CHARACTERS, WAITING_EACH } from './limits.ts';
import type { Call } from './call.ts';

/** A request that cannot be answered before its questions are. */
export interface Pending {
  readonly questions: readonly Question[];
  readonly attempt: RequestAttempt;
}

/**
 * One request, which is run anew until its questions are answered. Filters that count a request (usage, limits, the audit log's
 * first event) run once: a run goes on with the filter or handler that asked. `now` is that of the request in each run.
 */
export class RequestAttempt extends Attempt {
  readonly call: Call;
  /** Number of filters passed. */
  passed = 0;
  /** Number of warnings at the last passed filter, and what brings the audit event back to its state then. */
  #warnings = 0;
  #restoreAudit: (() => void) | undefined;

  constructor(call: Call) {
    super();
    this.call = call;
    this.#mark();
  }

  /** Counts a passed filter: its warnings and annotations stay. */
  pass(): void {
    this.passed++;
    this.keep();
    this.#mark();
  }

  /** Drops the warnings and annotations of a run that ended with a question: the next run adds them again. */
  rewind(): void {
    this.rounds++;
    this.call.warnings.length = this.#warnings;
    this.#restoreAudit?.();
  }

  /** The reason why there is no further run; undefined while there is one. */
  exhausted(now: number): string | undefined {
    if (this.rounds >= ATTEMPT_ROUNDS) return `the request asked others ${this.rounds} times and came to no end`;
    if (now - this.call.request.now >= ATTEMPT_MS) return `others did not answer within ${ATTEMPT_MS} ms`;
    return undefined;
  }

  #mark(): void {
    const { warnings, audit } = this.call;
    this.#warnings = warnings.length;
    this.#restoreAudit = audit?.mark();
  }
}

/** Requests that wait for others' answers: what they hold in memory is bounded, since anonymous clients can cause some. */
export class Waiting {
  readonly #sizes = new Map<RequestAttempt, number>();
  #total = 0;

  /** False: there are too many already. */
  add(attempt: RequestAttempt, now: number): boolean {
    this.#forget(now);
    const size = WAITING_EACH + attempt.call.request.body.length;
    if (this.#total + size > WAITING_CHARACTERS) return false;
    this.#sizes.set(attempt, size);
    this.#total += size;
    return true;
  }

  remove(attempt: RequestAttempt): void {
    this.#total -= this.#sizes.get(attempt) ?? 0;
    this.#sizes.delete(attempt);
  }

  /** Drops those that nobody has answered in all the time that there was: nobody will. The oldest come first. */
  #forget(now: number): void {
    for (const attempt of this.#sizes.keys()) {
      if (now - attempt.call.request.now < 2 * ATTEMPT_MS) return;
      this.remove(attempt);
    }
  }
}
