import { Agent, request as open } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../client/client.ts';
import type { Incoming, Outgoing } from '../client/transport.ts';
import { codeOf, Failure } from './failure.ts';
import { type Server, START } from './settings.ts';

const TIMEOUT_MS = 60_000;
/** How long a connection waits for the next request, ms. */
const QUIET_MS = 2_000;
/** Pauses before a request is sent again, ms. */
const PAUSES_MS = [100, 400, 1_600];
/** Longest wait that the server may ask for, ms; beyond it the refusal stands. */
const PATIENCE_MS = 10_000;
/** What a connection ends with when it is lost on the way. */
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

const agents = new Map<string | undefined, Agent>();

/** The connections of this process, by whom they trust. A quiet one does not keep the process, and is closed soon. */
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

/** How long the server asks to wait before the same request, ms: it was not done, or the first of it is still under way. */
function askedToWait({ status, headers }: Incoming): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return (status === 429 || status === 409) && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/**
 * Sends a request; again where the connection was lost and it may arrive twice, and where the server asks to wait a little. While it is
 * repeated the server may be away for a moment.
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

/** A client of a server over Node's HTTPS, which trusts the CA of that server alone where it has one. */
export const connect = (server: Server, account?: string): Client =>
  new Client(server, (request) => send(server, request), account);
