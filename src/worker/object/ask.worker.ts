import type { ApiResponse, Pending } from '../../apiserver/server.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { type Answered, type Question, questionId, type Reply } from '../../lib/ask.ts';
import { type EgressRoutes, egress, EgressRefused } from '../platform/egress.worker.ts';
import { now } from '../platform/host.worker.ts';

type Fetch = ReturnType<typeof egress>;

/**
 * Asks the outside what a cluster wants to know. The address is a tenant's word: it must be public. Issuers that the operator named may lie inside,
 * for their documents alone: what is no GET could change something there. Equal questions that are under way are asked once.
 */
export class Asker {
  readonly #read: Fetch;
  readonly #act: Fetch;
  readonly #asked = new Map<string, Promise<Reply>>();

  constructor(routes: EgressRoutes) {
    this.#read = egress(routes);
    this.#act = egress({ outside: routes.outside });
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

  /** Sends an effect; its id goes along, so that the receiver recognises a repetition. */
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
      const answer = await (init.method === 'GET' ? this.#read : this.#act)(url, init);
      return { status: answer.status, body: await answer.text() };
    } catch (error) {
      return { failed: error instanceof EgressRefused ? error.message : 'it could not be reached' };
    }
  }
}
