import type { ApiResponse, Pending } from '../../apiserver/server.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { type Answered, type Question, questionId, type Reply } from '../../lib/ask.ts';
import { type EgressRoutes, egress, EgressRefused } from '../platform/egress.worker.ts';
import { now } from '../platform/host.worker.ts';

type Fetch = ReturnType<typeof egress>;

/**
 * Asks the questions and sends the effects of a cluster. A tenant chooses the address, so it must be public. Issuers that the operator named may
 * have private addresses, for GET alone: other methods could change something there. Equal concurrent questions are asked once.
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

  /** Asks the questions of a request until it is answered. Undefined: its cluster was closed meanwhile. */
  async answerRequest(
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

  /** Sends an effect, with its id as the idempotency-key header. */
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
