import type { Random } from './random.ts';

/**
 * Questions to the outside as data. The core is synchronous, so code that needs an answer throws `Unanswered`; the attempt's writes roll
 * back, the shell asks, and the attempt runs again with the answers. An answer counts for the same question only, compared by content: an
 * attempt that comes to another question, because the state changed, asks that one.
 *
 * Those who ask today: `authn/oidc/keys.ts`, for the keys of the OIDC issuers that a cluster trusts. docs/adding-a-question.md says how to
 * add another.
 */

/** One HTTP request to the outside. */
export interface Question {
  method: 'GET' | 'POST';
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Outcome of a question: the answer, or the reason why there is none. */
export type Reply = { status: number; body: string } | { failed: string };

export type Answered = readonly [Question, Reply];

/** Asks the outside: returns the reply, or throws `Unanswered`. */
export type Ask = (question: Question) => Reply;

/** Identity of a question: its content. */
export function questionId({ method, url, headers = {}, body = '' }: Question): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([method, url, sorted, body]);
}

/** Thrown when an attempt cannot continue without these answers. */
export class Unanswered extends Error {
  readonly questions: readonly Question[];

  constructor(questions: readonly Question[]) {
    super(`unanswered: ${questions.map(({ method, url }) => `${method} ${url}`).join(', ')}`);
    this.questions = questions;
  }
}

/** Work that may run several times: its random numbers are drawn once, so uids and generated names are the same in each run. */
export class Attempt {
  /** Runs that ended with a question although there was a new answer. */
  rounds = 0;
  /** How many answers there were when a run last ended with a question. */
  #known = -1;
  /** Absent until the first answer: nearly all attempts ask nothing. */
  #answers: Map<string, Reply> | undefined;
  readonly #numbers: number[] = [];
  readonly #uuids: string[] = [];
  #number = 0;
  #uuid = 0;
  /** Start of a run within the drawn numbers. */
  #firstNumber = 0;
  #firstUuid = 0;

  /** Takes an answer; the first one to a question stays. */
  answer(question: Question, reply: Reply): void {
    const id = questionId(question);
    this.#answers ??= new Map();
    if (!this.#answers.has(id)) this.#answers.set(id, reply);
  }

  reply(question: Question): Reply | undefined {
    return this.#answers?.get(questionId(question));
  }

  /** A run ended with a question; returns whether it had an answer that the run before had not. */
  ended(): boolean {
    const known = this.#answers?.size ?? 0;
    if (known === this.#known) return false;
    this.#known = known;
    this.rounds++;
    return true;
  }

  /** Begins a run. */
  begin(): void {
    this.#number = this.#firstNumber;
    this.#uuid = this.#firstUuid;
  }

  /** Commits the numbers drawn so far: further runs do not repeat them. */
  keep(): void {
    this.#firstNumber = this.#number;
    this.#firstUuid = this.#uuid;
  }

  next(random: Random): number {
    if (this.#number === this.#numbers.length) this.#numbers.push(random.next());
    return this.#numbers[this.#number++] as number;
  }

  uuid(random: Random): string {
    if (this.#uuid === this.#uuids.length) this.#uuids.push(random.uuid());
    return this.#uuids[this.#uuid++] as string;
  }
}

/** The running attempt, from which the synchronous code below takes random numbers and answers. */
export class AttemptScope implements Random {
  readonly #random: Random;
  #current: Attempt | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Runs `fn` as a run of the attempt. */
  run<T>(attempt: Attempt, fn: () => T): T {
    const outer = this.#current;
    attempt.begin();
    this.#current = attempt;
    try {
      return fn();
    } finally {
      this.#current = outer;
    }
  }

  next(): number {
    return this.#current ? this.#current.next(this.#random) : this.#random.next();
  }

  uuid(): string {
    return this.#current ? this.#current.uuid(this.#random) : this.#random.uuid();
  }

  readonly ask: Ask = (question) => {
    const reply = this.#current?.reply(question);
    if (!reply) throw new Unanswered([question]);
    return reply;
  };
}
