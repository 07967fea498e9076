import { type Answered, type Attempt, type Question, questionId } from '../lib/ask.ts';
import { QUESTIONS_MAX } from './limits.ts';
import type { Key } from './plan.ts';

/** A key of a controller. */
export interface Work extends Key {
  controller: string;
}

/** A reconcile that ended with questions. */
export interface Parked {
  attempt: Attempt;
  questions: readonly Question[];
  /** Deadline of its questions, ms since the epoch. */
  until: number;
}

/** A question with the ids of the keys that wait for its answer. */
interface Awaited {
  question: Question;
  ids: Set<string>;
}

/** Keys that wait for answers from the outside; dirty again once all are there. Equal questions of many keys are asked once. */
export class ParkedKeys {
  readonly #parked = new Map<string, Parked & { work: Work }>();
  readonly #awaited = new Map<string, Awaited>();
  /** Ids of questions that are not asked yet, first in, first out. */
  readonly #unasked = new Set<string>();
  readonly #asked = new Set<string>();

  /** Number of keys that wait. */
  get size(): number {
    return this.#parked.size;
  }

  park(id: string, work: Work, parked: Parked): void {
    this.unpark(id);
    this.#parked.set(id, { ...parked, work });
    for (const question of parked.questions) {
      if (parked.attempt.reply(question)) continue;
      const asked = questionId(question);
      const awaited = this.#awaited.get(asked) ?? { question, ids: new Set() };
      awaited.ids.add(id);
      this.#awaited.set(asked, awaited);
      if (!this.#asked.has(asked)) this.#unasked.add(asked);
    }
  }

  /** Removes a key and the questions that no other key asks. */
  unpark(id: string): Parked | undefined {
    const parked = this.#parked.get(id);
    if (!parked) return undefined;
    this.#parked.delete(id);
    for (const question of parked.questions) {
      const asked = questionId(question);
      const awaited = this.#awaited.get(asked);
      awaited?.ids.delete(id);
      if (awaited?.ids.size) continue;
      this.#awaited.delete(asked);
      this.#unasked.delete(asked);
    }
    return parked;
  }

  /** Takes questions that are not asked yet, up to QUESTIONS_MAX concurrent ones. */
  takeQuestions(): Question[] {
    const taken: Question[] = [];
    for (const id of this.#unasked) {
      if (this.#asked.size >= QUESTIONS_MAX) break;
      this.#unasked.delete(id);
      const awaited = this.#awaited.get(id);
      if (!awaited) continue;
      this.#asked.add(id);
      taken.push(awaited.question);
    }
    return taken;
  }

  /** Hands answers to the keys that wait for them. Returns the keys whose questions are all answered. */
  answer(answers: readonly Answered[]): Work[] {
    const ready = new Map<string, Work>();
    for (const [question, reply] of answers) {
      const asked = questionId(question);
      this.#asked.delete(asked);
      for (const id of this.#awaited.get(asked)?.ids ?? []) {
        const parked = this.#parked.get(id);
        if (!parked) continue;
        parked.attempt.answer(question, reply);
        if (parked.questions.every((one) => parked.attempt.reply(one))) ready.set(id, parked.work);
      }
      this.#awaited.delete(asked);
      this.#unasked.delete(asked);
    }
    return [...ready.values()];
  }
}
