import { request } from 'node:https';
import { codeOf, Failure } from './failure.ts';
import { type Server, target } from './settings.ts';

const TIMEOUT_MS = 60_000;

interface Problem {
  code: string;
  title: string;
  detail: string;
}

function send(server: Server, method: string, path: string, body: string | undefined): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(server.token !== undefined && { authorization: `Bearer ${server.token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const outgoing = request(`${server.url}${path}`, { method, ca: server.ca, headers, timeout: TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      answer.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** One call of the management API. A refusal becomes a Failure in the server's words. */
export async function call(server: Server, method: string, path: string, body?: object): Promise<string> {
  let answer: { status: number; text: string };
  try {
    answer = await send(server, method, path, body && JSON.stringify(body));
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED')
      throw new Failure(`nothing listens at ${server.url}: is the server running? ("npm start")`);
    throw new Failure(`${server.url} cannot be reached: ${(error as Error).message}`);
  }
  if (answer.status >= 200 && answer.status < 300) return answer.text;
  let problem: Problem;
  try {
    problem = JSON.parse(answer.text);
  } catch {
    throw new Failure(`${server.url} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  }
  throw new Failure(`${problem.title}: ${problem.detail}`);
}

/** The same, reading JSON; null when there is none. */
export const callJson = async <T>(server: Server, method: string, path: string, body?: object): Promise<T> =>
  JSON.parse((await call(server, method, path, body)) || 'null') as T;

/** A call about the account that the CLI acts in; `path` is what follows its address. */
export function askText(method: string, path: string, body?: object): Promise<string> {
  const to = target();
  return call(to, method, `/v1/accounts/${encodeURIComponent(to.account)}${path}`, body);
}

/** The same, reading JSON; null when there is none. */
export const ask = async <T>(method: string, path: string, body?: object): Promise<T> =>
  JSON.parse((await askText(method, path, body)) || 'null') as T;
