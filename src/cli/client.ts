import { request as open } from 'node:https';
import { codeOf, Failure } from './failure.ts';
import { type Server, target } from './settings.ts';

const TIMEOUT_MS = 60_000;

interface Problem {
  code: string;
  title: string;
  detail: string;
}
interface Body {
  type: string;
  text: string;
}
interface Answer {
  status: number;
  text: string;
  /** Header Link. */
  link: string;
}

/** A refusal of the server, in its words. */
export class Refusal extends Failure {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function request(server: Server, method: string, path: string, body: Body | undefined, accept?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(server.token !== undefined && { authorization: `Bearer ${server.token}` }),
      ...(accept !== undefined && { accept }),
      ...(body !== undefined && { 'content-type': body.type }),
    };
    const outgoing = open(`${server.url}${path}`, { method, ca: server.ca, headers, timeout: TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const { statusCode = 0, headers } = answer;
        resolve({ status: statusCode, text: Buffer.concat(chunks).toString(), link: String(headers.link ?? '') });
      });
      answer.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body?.text);
  });
}

async function send(server: Server, method: string, path: string, body?: Body, accept?: string): Promise<Answer> {
  try {
    return await request(server, method, path, body, accept);
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED')
      throw new Failure(`nothing listens at ${server.url}: is the server running? ("npm start")`);
    throw new Failure(`${server.url} cannot be reached: ${(error as Error).message}`);
  }
}

/** One call of the management API. A refusal becomes a Failure in the server's words. */
export async function call(server: Server, method: string, path: string, body?: object): Promise<string> {
  return textOf(server, await send(server, method, path, body && { type: 'application/json', text: JSON.stringify(body) }));
}

/** What was answered, unless it is a refusal. */
function textOf(server: Server, answer: Answer): string {
  if (answer.status >= 200 && answer.status < 300) return answer.text;
  let problem: Problem;
  try {
    problem = JSON.parse(answer.text);
  } catch {
    throw new Refusal(answer.status, `${server.url} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  }
  throw new Refusal(answer.status, `${problem.title}: ${problem.detail}`);
}

/** The same, reading JSON; null when there is none. */
export const callJson = async <T>(server: Server, method: string, path: string, body?: object): Promise<T> =>
  JSON.parse((await call(server, method, path, body)) || 'null') as T;

/** Sends a form, as OAuth does; what comes back is JSON, also when it is a refusal that the caller knows to read. */
export async function sendForm<T>(server: Server, path: string, fields: Record<string, string>): Promise<T> {
  const body = { type: 'application/x-www-form-urlencoded', text: new URLSearchParams(fields).toString() };
  const { status, text } = await send(server, 'POST', path, body);
  let answer: T & Partial<Problem>;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Refusal(status, `${server.url} answered ${status}: ${text.slice(0, 200)}`);
  }
  if (answer.title !== undefined) throw new Refusal(status, `${answer.title}: ${answer.detail}`);
  return answer;
}

/** A call about the account that the CLI acts in; `path` is what follows its address. */
export function askText(method: string, path: string, body?: object): Promise<string> {
  const to = target();
  return call(to, method, `/v1/accounts/${encodeURIComponent(to.account)}${path}`, body);
}

const JSON_LINES = 'application/x-ndjson';

/** The lines of a list, page after page, as the header Link leads. */
export async function* askLines(path: string): AsyncGenerator<string> {
  const to = target();
  let at: string | undefined = `/v1/accounts/${encodeURIComponent(to.account)}${path}`;
  while (at !== undefined) {
    const answer: Answer = await send(to, 'GET', at, undefined, JSON_LINES);
    for (const line of textOf(to, answer).split('\n')) if (line) yield line;
    const next: string | undefined = /<([^>]+)>; rel="next"/.exec(answer.link)?.[1];
    at = next && new URL(next).pathname + new URL(next).search;
  }
}

/** The same, reading JSON; null when there is none. */
export const ask = async <T>(method: string, path: string, body?: object): Promise<T> =>
  JSON.parse((await askText(method, path, body)) || 'null') as T;
