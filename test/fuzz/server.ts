import { once } from 'node:events';
import { Agent, request as send } from 'node:https';
import { connect } from 'node:tls';
import { Server } from '../e2e/server.ts';
import { REQUEST_BODY_BYTES } from '../../src/apiserver/limits.ts';
import { makeCluster } from '../host/make-cluster.ts';
import { makeTenants, type Tenants } from '../isolation/tenants.ts';
import { Chance } from './chance.ts';
import { type Finding, isAllowed } from './cluster.ts';
import { ClusterRequests, type FuzzRequest } from './cluster-requests.ts';
import { ManagementRequests } from './management.ts';

/** Longest until an answer begins, or bytes that make no sense are given up, ms. */
const DEADLINE_MS = 20_000;
/** After so long without a word nobody waits for an answer, ms. */
const QUIET_MS = 1_000;
const SHOWN = 400;
const AT_ONCE = 8;

/** A real server with an account of its own: what was asked and answered in Node is asked over TLS, and bytes as nobody sends them. */
class Target {
  readonly server: Server;
  readonly token: string;
  readonly agent: Agent;
  cluster = { path: '', token: '' };

  constructor(server: Server) {
    this.server = server;
    this.token = server.credentials.token;
    this.agent = new Agent({ ca: server.ca, keepAlive: true, maxSockets: AT_ONCE });
  }

  async prepare(t: Tenants): Promise<void> {
    const made = await this.manage('POST', '/v1/accounts/self/clusters', { name: 'fuzzed', nodes: 1 });
    const near = await this.manage('POST', '/v1/accounts/self/clusters', { name: 'managed', apiOnly: true });
    const far = await this.manage('POST', '/v1/accounts/self/clusters', { name: 'beside', apiOnly: true });
    const { accounts } = await this.manage('GET', '/v1/me');
    const config = JSON.parse(made.kubeconfig);
    this.cluster = { path: new URL(config.clusters[0].cluster.server).pathname, token: config.users[0].user.token };
    // The generator speaks of what is here.
    Object.assign(t.near, { id: near.id, name: near.name });
    Object.assign(t.far, { id: far.id, name: far.name });
    Object.assign(t.mine.account, { id: accounts[0].id, name: accounts[0].name });
    t.secrets['token owner'] = this.token;
  }

  async manage(method: string, path: string, body?: object) {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const answer = await this.ask({ method, url: path, headers, ...(body && { body: JSON.stringify(body) }) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** One request as an HTTP library sends it; of a stream only the beginning counts. */
  ask({ method, url, headers: given, body }: FuzzRequest): Promise<{ status: number; text: string }> {
    // The library itself forgets the length of what some methods send.
    const headers = body === undefined ? given : { ...given, 'content-length': Buffer.byteLength(body) };
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const options = { host: 'localhost', port: this.server.port, path: url, method, headers, agent: this.agent };
    const going = send(options, (answer) => {
      let text = '';
      const done = () => {
        clearTimeout(timer);
        resolve({ status: answer.statusCode ?? 0, text });
        // A watch goes on until somebody leaves.
        if (!answer.complete) going.destroy();
      };
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (/[?&]watch/.test(url) || url.includes('/watch/')) done();
      });
      answer.on('end', done).on('error', done);
      if (/[?&]watch/.test(url) || url.includes('/watch/')) setTimeout(done, 500);
    });
    const timer = setTimeout(() => {
      going.destroy();
      reject(new Error(`no answer within ${DEADLINE_MS} ms`));
    }, DEADLINE_MS);
    going.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    going.end(body);
    return promise;
  }

  /** Bytes as they are, then the end of what we send. What came back until the server closed. */
  async raw(bytes: Buffer): Promise<string> {
    const socket = connect({
      host: 'localhost',
      port: this.server.port,
      ca: this.server.ca,
      servername: 'localhost',
    });
    let text = '';
    // A front may take the end of what we send for our leaving: it comes when there is an answer, or none is to be waited for.
    let quiet = setTimeout(() => socket.end(), QUIET_MS);
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      clearTimeout(quiet);
      quiet = setTimeout(() => socket.end(), QUIET_MS / 4);
    });
    const closed = once(socket, 'close').then(() => true);
    socket.on('error', () => undefined);
    socket.write(bytes);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), DEADLINE_MS);
    });
    const over = await Promise.race([closed, late]);
    clearTimeout(timer);
    clearTimeout(quiet);
    socket.destroy();
    if (!over && !text.startsWith('HTTP/1.1 2'))
      throw new Error(`neither closed nor answered within ${DEADLINE_MS} ms: ${text.slice(0, SHOWN)}`);
    return text;
  }
}

/** A request as bytes, with something wrong in them. */
function garbled({ method, url, headers, body }: FuzzRequest, port: number, chance: Chance): Buffer {
  const length = Buffer.byteLength(body ?? '');
  const lines = [
    `${method} ${url} HTTP/1.1`,
    `host: localhost:${port}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  if (body !== undefined)
    lines.push(
      `content-length: ${chance.maybe(0.1) ? chance.pick([length + 10, -1, '1e3', `${length}, ${length}`, '0x5', 2 ** 53]) : length}`,
    );
  if (chance.maybe(0.1))
    lines.push(
      chance.pick([
        'transfer-encoding: chunked',
        'connection: close',
        'upgrade: websocket',
        'expect: 100-continue',
        'te: x',
        'host: x',
        ': x',
        ' folded',
        'content-encoding: gzip',
      ]),
    );
  lines.push('connection: close');
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'utf8');
  for (let n = chance.pick([0, 1, 1, 3, 10]); n > 0; n--) bytes[chance.int(bytes.length)] = chance.int(256);
  const at = chance.int(bytes.length);
  switch (chance.int(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(chance.bytes(chance.int(200))), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes, bytes]);
    case 3:
      return Buffer.from(chance.bytes(1 + chance.int(500)));
    default:
      return bytes;
  }
}

/** Asks a real server: a third each of the Kubernetes API, of the management API, and of bytes that are no request. */
export async function fuzzServer(seed: number, count: number, heard?: (status: number) => void): Promise<Finding[]> {
  const chance = new Chance(seed);
  const findings: Finding[] = [];
  const t = await makeTenants();
  const kube = new ClusterRequests(makeCluster({ seed }), chance);
  const management = new ManagementRequests(t, chance, 'token owner');
  const target = new Target(await Server.start());
  try {
    await target.prepare(t);
    let index = 0;
    const one = async () => {
      const at = index++;
      const { request, rough } = draw(target, kube, management, chance);
      const shown = `${request.method} ${request.url.slice(0, SHOWN)} ${JSON.stringify(request.headers)} ${request.body?.slice(0, SHOWN) ?? ''}`;
      try {
        const bytes = rough && garbled(request, target.server.port, chance);
        const text = bytes ? await target.raw(bytes) : undefined;
        const { status, text: body } =
          text === undefined
            ? await again(() => target.ask(request))
            : { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text };
        heard?.(status);
        // Bytes that begin with no method are not for us to answer.
        const isNoise = rough && status === 501;
        if (status >= 500 && !isNoise && !isAllowed(status, body))
          findings.push({
            seed,
            index: at,
            what: `${status} ${body.slice(0, SHOWN)}`,
            request: bytes ? JSON.stringify(bytes.toString('latin1')).slice(0, 2000) : shown,
          });
      } catch (error) {
        // A library that will not send it has refused it for us.
        const { code = '' } = error as NodeJS.ErrnoException;
        // What is too large is read no further: the refusal may come while the rest is still being sent.
        const size = Buffer.byteLength(request.body ?? '');
        const cut = code === 'ECONNRESET' && size > REQUEST_BODY_BYTES;
        if (!cut && !/^ERR_(INVALID|UNESCAPED|HTTP)/.test(code))
          findings.push({ seed, index: at, what: `${error} (a body of ${size} bytes)`, request: shown });
      }
    };
    const line = async () => {
      while (index < count) await one();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
    findings.push(...(await after(target)).map((what) => ({ seed, index: count, what, request: 'after all' })));
  } finally {
    target.agent.destroy();
    await target.server.dispose();
  }
  return findings;
}

/** Once more where a connection that was kept had just been let go. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return ask();
    throw error;
  }
}

function draw(
  target: Target,
  kube: ClusterRequests,
  management: ManagementRequests,
  chance: Chance,
): { request: FuzzRequest; rough: boolean } {
  const rough = chance.maybe(0.34);
  if (chance.maybe(0.5)) {
    const request = kube.next();
    const url = target.cluster.path + request.url;
    return {
      rough,
      request: { ...request, url, headers: { authorization: `Bearer ${target.cluster.token}`, ...request.headers } },
    };
  }
  const { path, ...request } = management.next();
  return { rough, request: { ...request, url: path } };
}

/** What must hold at the end: it serves, every cluster that has a row answers, and nothing of it went wrong unheard. */
async function after(target: Target): Promise<string[]> {
  const wrong: string[] = [];
  const { items } = await target.manage('GET', '/v1/accounts/self/clusters');
  for (const { id, state } of items as { id: string; state: string }[]) {
    if (state !== 'ready') continue;
    const config = await target.manage('POST', `/v1/accounts/self/clusters/${id}/kubeconfig`, {});
    const headers = { authorization: `Bearer ${config.users[0].user.token}` };
    const { status } = await target.ask({ method: 'GET', url: `/clusters/${id}/api/v1/namespaces`, headers });
    if (status !== 200) wrong.push(`cluster ${id} answers ${status}`);
  }
  const errors = target.server.output.split('\n').filter((text) => /Error|failed|Uncaught/.test(text));
  return [...wrong, ...errors.slice(0, 20).map((text) => `the server said: ${text.slice(0, SHOWN)}`)];
}
