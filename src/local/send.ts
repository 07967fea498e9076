import { Agent, request as open } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../client/client.ts';
import type { Incoming, Outgoing } from '../client/transport.ts';
import { codeOf, Failure } from './failure.ts';
import { type Server, START } from './settings.ts';

const TIMEOUT_MS = 60_000;
/** Keep-alive time of connections, ms. */
const QUIET_MS = 2_000;
/** Pauses before a request is sent again, ms. */
const PAUSES_MS = [100, 400, 1_600];
/** Longest Retry-After that is followed, ms; beyond it the refusal is final. */
const PATIENCE_MS = 10_000;
/** Error codes of lost connections. */
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

const agents = new Map<string | undefined, Agent>();

/** Agents of this process by CA. An idle connection does not keep the process alive, and is closed soon. */
function connections({ ca }: Server): Agent {
  const agent = agents.get(ca) ?? new Agent({ keepAlive: true, timeout: QUIET_MS, ...(ca !== undefined && { ca }) });
  agents.set(ca, agent);
  return agent;
}

function sendOnce(server: Server, { method, path, headers, body }: Outgoing): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const options = { method, agent: connections(server), headers, timeout: TIMEOUT_MS };
    const outgoing = open(`${server.url}${path}`, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const plain = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, headers: Object.fromEntries(plain), text });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Retry-After of the server, ms: the request was not done, or the first one is still running. */
function askedToWait({ status, headers }: Incoming): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return (status === 429 || status === 409) && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/**
 * Sends a request, and repeats it when the connection was lost and it is idempotent, or when the server asks to wait a little. The server
 * may be down for a moment while it is repeated.
 */
async function send(server: Server, outgoing: Outgoing): Promise<Incoming> {
  for (let attempt = 0; ; attempt++) {
    const last = attempt === PAUSES_MS.length;
    try {
      const answer = await sendOnce(server, outgoing);
      const ms = askedToWait(answer);
      if (ms === undefined || ms > PATIENCE_MS || last) return answer;
      await pause(ms);
    } catch (error) {
      const lost = LOST.has(codeOf(error) ?? '') || (attempt > 0 && codeOf(error) === 'ECONNREFUSED');
      if (!lost || !outgoing.repeatable || last) throw unreachable(server, error, lost);
      await pause(PAUSES_MS[attempt]);
    }
  }
}

function unreachable({ url }: Server, error: unknown, lost: boolean): Failure {
  if (codeOf(error) === 'ECONNREFUSED') return new Failure(`nothing listens at ${url}: is the server running? ("${START}")`);
  const after = lost ? '; look whether it was done' : '';
  return new Failure(`${url} cannot be reached: ${(error as Error).message}${after}`);
}

/** A client over Node's HTTPS that trusts the server's CA alone, if it has one. */
export const connect = (server: Server, account?: string): Client =>
  new Client(server, (request) => send(server, request), account);
