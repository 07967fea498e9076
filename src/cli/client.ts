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
}

/** A refusal of the server, in its words. */
export class Refusal extends Failure {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function request(server: Server, method: string, path: string, body: Body | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(server.token !== undefined && { authorization: `Bearer ${server.token}` }),
      ...(body !== undefined && { 'content-type': body.type }),
    };
    const outgoing = open(`${server.url}${path}`, { method, ca: server.ca, headers, timeout: TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      answer.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body?.text);
  });
}

async function send(server: Server, method: string, path: string, body: Body | undefined): Promise<Answer> {
  try {
    return await request(server, method, path, body);
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED')
      throw new Failure(`nothing listens at ${server.url}: is the server running? ("npm start")`);
    throw new Failure(`${server.url} cannot be reached: ${(error as Error).message}`);
  }
}

/** One call of the management API. A refusal becomes a Failure in the server's words. */
export async function call(server: Server, method: string, path: string, body?: object): Promise<string> {
  const answer = await send(server, method, path, body && { type: 'application/json', text: JSON.stringify(body) });
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

/** The same, reading JSON; null when there is none. */
export const ask = async <T>(method: string, path: string, body?: object): Promise<T> =>
  JSON.parse((await askText(method, path, body)) || 'null') as T;
