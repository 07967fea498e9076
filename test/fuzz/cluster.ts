import { atOnce } from '../fixtures/api.ts';
import { isStream } from '../../src/apiserver/messages.ts';
import { type TestCluster, makeCluster } from '../host/make-cluster.ts';
import { textOf } from '../fixtures/api.ts';
import { Chance } from './chance.ts';
import { checkCluster } from './cluster-invariants.ts';
import { ClusterRequests, type FuzzRequest } from './cluster-requests.ts';

/** Something that must not be. `replay` is the seed of its batch. */
export interface Finding {
  seed: number;
  index: number;
  what: string;
  request: string;
}

/** Longest that one request, or what follows from it, may take, ms. */
export const DEADLINE_MS = 3_000;
const MINUTE = 60_000;
const SHOWN = 600;

/**
 * What upstream answers with a 5xx by its own rules, in its words, and so do we, for clients that compare: bodies that its storage or its
 * apply find fault with, a revision that is not there yet, nodes and services that nobody answers for.
 */
const UPSTREAM: readonly [status: number, message: RegExp][] = [
  [500, /resourceVersion should not be set on objects to be created/],
  [500, /strconv\.ParseUint: parsing/],
  [500, /target\.(name|kind): (Required|Unsupported) value/],
  [
    500,
    /failed to (create typed (patch|live) object|create manager for existing fields|decode managed fields|convert (new|merged) object)/,
  ],
  [500, /expected a \[\]interface \{\}, but received a|unknown patch type: |list element types are not identical/],
  [500, /unable to find api field in struct|does not contain declared merge key/],
  [500, /no kubelet answers on node/],
  [503, /no (endpoints available|service port)/],
  [504, /Too large resource version/],
];

export const isAllowed = (status: number, text: string): boolean =>
  UPSTREAM.some(([code, message]) => code === status && message.test(text));

/** One batch: a cluster of its own, so many requests, and after them what must hold. */
export function fuzzCluster(seed: number, count: number, heard?: (index: number, status: number) => void): Finding[] {
  const chance = new Chance(seed);
  const host = makeCluster({ seed, nodes: 1, apiOnly: chance.maybe(0.3), legacyApis: chance.maybe(0.2) });
  const requests = new ClusterRequests(host, chance);
  const findings: Finding[] = [];
  let index = 0;
  let request: FuzzRequest = { method: 'POST', url: '/api/v1/namespaces', headers: {}, body: '{"metadata":{"name":"team"}}' };
  const note = (what: string) => {
    const shown = `${request.method} ${request.url.slice(0, SHOWN)} ${JSON.stringify(request.headers)} ${request.body?.slice(0, SHOWN) ?? ''}`;
    findings.push({ seed, index, what, request: shown });
  };
  for (; index < count; index++) {
    const start = performance.now();
    attempt(note, 'threw', () => {
      const { status, text } = send(host, request);
      if (status >= 500 && !isAllowed(status, text)) note(`${status} ${text.slice(0, SHOWN)}`);
      heard?.(index, status);
      if (status === 201) requests.succeeded();
      remember(requests, text);
    });
    attempt(note, 'what followed threw', () => host.settle());
    const ms = performance.now() - start;
    if (ms > DEADLINE_MS) note(`took ${Math.round(ms)} ms`);
    request = requests.next();
  }
  attempt(note, 'time threw', () => host.advance(2 * MINUTE));
  attempt(note, 'after the batch', () => checkCluster(host));
  return findings;
}

function attempt(note: (what: string) => void, when: string, fn: () => void): void {
  try {
    fn();
  } catch (error) {
    note(`${when}: ${error instanceof Error ? `${error.message} ${error.stack?.split('\n').slice(1, 4).join(' ')}` : error}`);
  }
}

/** Sends a request as the administrator; of a watch its first frames. */
export function send(host: TestCluster, { method, url, headers, body }: FuzzRequest): { status: number; text: string } {
  const all: Record<string, string> = { authorization: `Bearer ${host.token}`, ...headers };
  const answer = atOnce(
    host.cluster.handle({
      method,
      url,
      header: (name) => all[name.toLowerCase()] ?? null,
      headerNames: () => Object.keys(all),
      body: body ?? '',
      now: host.now,
    }),
  );
  if (!isStream(answer)) return { status: answer.status, text: textOf(answer) };
  const port = { send: () => undefined, save: () => undefined, close: () => undefined };
  host.cluster.closed(answer.open(port), host.now);
  return { status: answer.status, text: '' };
}

/** Tokens and revisions to come back with. */
function remember(requests: ClusterRequests, text: string): void {
  const found = /"(?:continue|resourceVersion)":"([^"]+)"/.exec(text)?.[1];
  if (found && requests.seen.length < 50) requests.seen.push(found);
}
