import { request } from 'node:https';
import { codeOf, Failure } from './failure.ts';
import type { Target } from './settings.ts';

const TIMEOUT_MS = 60_000;

interface Problem {
  code: string;
  title: string;
  detail: string;
}

function send(target: Target, method: string, path: string, body: string | undefined): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${target.token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const outgoing = request(`${target.url}${path}`, { method, ca: target.ca, headers, timeout: TIMEOUT_MS }, (answer) => {
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
export async function call(target: Target, method: string, path: string, body?: object): Promise<string> {
  let answer: { status: number; text: string };
  try {
    answer = await send(target, method, path, body && JSON.stringify(body));
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED')
      throw new Failure(`nothing listens at ${target.url}: is the server running? ("npm start")`);
    throw new Failure(`${target.url} cannot be reached: ${(error as Error).message}`);
  }
  if (answer.status >= 200 && answer.status < 300) return answer.text;
  let problem: Problem;
  try {
    problem = JSON.parse(answer.text);
  } catch {
    throw new Failure(`${target.url} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
  }
  throw new Failure(`${problem.title}: ${problem.detail}`);
}

/** The same, reading JSON. */
export const callJson = async <T>(target: Target, method: string, path: string, body?: object): Promise<T> =>
  JSON.parse(await call(target, method, path, body)) as T;
