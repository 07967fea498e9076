import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Lives } from './lives.ts';
import type { Report } from './report.ts';

const MS = 1000;
/** A request that is not answered within this time, with the server up, hangs. */
const HANG_MS = 60_000;
const LONGEST_PAUSE_MS = 5_000;

export interface Ask {
  method: string;
  path: string;
  token: string;
  body?: unknown;
  type?: string;
  headers?: Record<string, string>;
  /** Statuses of failures that are to be expected. */
  also?: readonly number[];
}

export interface Answer {
  status: number;
  body: string;
}

export const parsed = <T>(answer: Answer): T => JSON.parse(answer.body) as T;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Requests over connections that stay, as clients of Kubernetes keep theirs. */
export class Caller {
  readonly #lives: Lives;
  readonly #report: Report;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

  constructor(lives: Lives, report: Report) {
    this.#lives = lives;
    this.#report = report;
  }

  /**
   * The answer, or undefined when the server went away before: then it may have been done or not. One that was refused for its haste
   * (429) is asked again.
   */
  async ask(what: Ask): Promise<Answer | undefined> {
    for (;;) {
      await this.#lives.serving();
      const life = this.#lives.number;
      let answer: Answer & { retryAfter: number };
      try {
        answer = await this.#once(what);
      } catch (error) {
        if (!this.#lives.ended(life)) {
          this.#report.violation(`${what.method} ${what.path}: ${(error as Error).message} while the server was up`);
        }
        this.#report.count('unanswered');
        return undefined;
      }
      if (answer.status >= 500 && !what.also?.includes(answer.status)) {
        this.#report.violation(`${what.method} ${what.path}: ${answer.status} ${answer.body.slice(0, 300)}`);
        this.#report.count('unanswered');
        return undefined;
      }
      if (answer.status !== 429) return answer;
      this.#report.count('refused for haste');
      await pause(Math.min(LONGEST_PAUSE_MS, Math.max(1, answer.retryAfter) * MS));
    }
  }

  #once(what: Ask): Promise<Answer & { retryAfter: number }> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(what, (answer) => {
        let body = '';
        answer
          .setEncoding('utf8')
          .on('data', (text: string) => (body += text))
          .on('error', reject)
          .on('end', () => {
            const retryAfter = Number(answer.headers['retry-after'] ?? 0);
            if (answer.complete) resolve({ status: answer.statusCode ?? 0, body, retryAfter });
            else reject(new Error('the answer was cut off'));
          });
      });
      outgoing.setTimeout(HANG_MS, () => outgoing.destroy(new Error(`no answer within ${HANG_MS} ms`)));
      outgoing.on('error', reject);
    });
  }

  #open({ method, path, token, body, type, headers }: Ask, onAnswer: (answer: IncomingMessage) => void) {
    const { port, ca } = this.#lives.server;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request(
      {
        host: 'localhost',
        port,
        ca,
        agent: this.#agent,
        method,
        path,
        headers: {
          authorization: `Bearer ${token}`,
          ...(text !== undefined && { 'content-type': type ?? 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...headers,
        },
      },
      onAnswer,
    );
    outgoing.end(text);
    return outgoing;
  }

  /** A stream of lines, until it ends by itself, is cut off or is stopped. Resolves to the status and, when it is no stream, the body. */
  lines(
    what: Ask,
    onOpen: (status: number) => void,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const outgoing = this.#open(what, (answer) => {
        const status = answer.statusCode ?? 0;
        onOpen(status);
        let rest = '';
        answer
          .setEncoding('utf8')
          .on('data', (text: string) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop() ?? '';
            if (status === 200) for (const line of lines) onLine(line);
            else rest = `${lines.join('\n')}${rest}`;
          })
          .on('error', () => undefined)
          .on('close', () => resolve({ status, body: rest }));
      });
      const stop = () => outgoing.destroy();
      signal.addEventListener('abort', stop);
      outgoing.on('error', () => resolve(undefined));
      outgoing.on('close', () => signal.removeEventListener('abort', stop));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
