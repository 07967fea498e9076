import type { ApiResponse, Pending } from '../../apiserver/server.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { type Answered, type Question, questionId, type Reply } from '../../lib/ask.ts';
import { issuersOf } from '../../management/people/issuers.ts';
import { egress, EgressRefused } from '../platform/egress.worker.ts';
import { type Env, variablesOf } from '../platform/env.worker.ts';
import { now } from '../platform/host.worker.ts';

type Fetch = ReturnType<typeof egress>;

/** Asks the outside what a cluster wants to know: public addresses, and the origins that the operator named. Equal questions are asked once. */
export class Asker {
  readonly #fetch: Fetch;
  readonly #asked = new Map<string, Promise<Reply>>();

  constructor(env: Env) {
    const { ATOLL_OIDC } = variablesOf(env);
    const origins = new Set(ATOLL_OIDC ? issuersOf(ATOLL_OIDC).map(({ issuer }) => new URL(issuer).origin) : []);
    const outside: Fetch = (url, init) => fetch(url, init);
    const { INSIDE } = env;
    this.#fetch = egress({ outside, inside: { origins, fetch: INSIDE ? (url, init) => INSIDE.fetch(url, init) : outside } });
  }

  async ask(questions: readonly Question[]): Promise<Answered[]> {
    return Promise.all(questions.map(async (question): Promise<Answered> => [question, await this.#reply(question)]));
  }

  /** Answers a request: asks what it wants to know as often as it does. Undefined: its cluster is not open any more. */
  async settle(
    cluster: Cluster,
    first: ApiResponse | Pending,
    isOpen: (cluster: Cluster) => boolean,
  ): Promise<ApiResponse | undefined> {
    let answer = first;
    while ('questions' in answer) {
      const answers = await this.ask(answer.questions);
      if (!isOpen(cluster)) return undefined;
      answer = cluster.answer(answer, answers, now());
    }
    return answer;
  }

  /** Sends an effect; its id goes along, so that the receiver can tell a repetition. */
  deliver(id: string, request: Question): Promise<Reply> {
    return this.#send({ ...request, headers: { ...request.headers, 'idempotency-key': id } });
  }

  #reply(question: Question): Promise<Reply> {
    const id = questionId(question);
    let reply = this.#asked.get(id);
    if (!reply) {
      reply = this.#send(question).finally(() => this.#asked.delete(id));
      this.#asked.set(id, reply);
    }
    return reply;
  }

  async #send({ url, ...init }: Question): Promise<Reply> {
    try {
      const answer = await this.#fetch(url, init);
      return { status: answer.status, body: await answer.text() };
    } catch (error) {
      return { failed: error instanceof EgressRefused ? error.message : 'it could not be reached' };
    }
  }
}
