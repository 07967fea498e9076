import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Server, until } from './server.ts';

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});
afterEach(() => server?.dispose());

interface Admin {
  server: string;
  token: string;
  ca: string;
}

function admin(): Admin {
  const { clusters, users } = JSON.parse(readFileSync(join(server.data, 'kubeconfig'), 'utf8'));
  return {
    server: clusters[0].cluster.server,
    token: users[0].user.token,
    ca: readFileSync(join(server.data, 'ca.crt'), 'utf8'),
  };
}

/** A request, and how its answer went: "end" is a proper end, "cut" is none. */
function ask(who: Admin, method: string, path: string, o: { agent: Agent; body?: string }) {
  const headers = {
    authorization: `Bearer ${who.token}`,
    ...(o.body && { 'content-type': 'application/json', 'content-length': o.body.length }),
  };
  const told = { status: 0, text: '', ended: '' };
  const sent: ClientRequest = request(
    `${who.server}${path}`,
    { method, ca: who.ca, headers, agent: o.agent },
    (answer: IncomingMessage) => {
      told.status = answer.statusCode ?? 0;
      answer.setEncoding('utf8').on('data', (text) => (told.text += text));
      answer.on('end', () => (told.ended ||= 'end'));
      answer.on('error', () => (told.ended ||= 'cut'));
      answer.on('close', () => (told.ended ||= 'cut'));
    },
  );
  sent.on('error', () => (told.ended ||= 'refused'));
  sent.end(o.body);
  return told;
}

describe('a server that is asked to stop', () => {
  it('answers what is under way, ends watches properly, keeps what reads left, and ends with 0 soon', async () => {
    const who = admin();
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    const policy = {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata' }],
    };
    const credentials = JSON.parse(readFileSync(join(server.data, 'credentials.json'), 'utf8'));
    const set = ask(
      { ...who, server: credentials.url, token: credentials.token },
      'PUT',
      '/v1/accounts/self/clusters/demo/audit-policy',
      {
        agent,
        body: JSON.stringify(policy),
      },
    );
    await until('the policy', () => set.ended === 'end' && set.status === 200);

    const watch = ask(who, 'GET', '/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0', { agent });
    await until('the watch', () => watch.status === 200);
    const writes: ReturnType<typeof ask>[] = [];
    for (let i = 0; i < 50; i++) {
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `w${i}` } });
      writes.push(ask(who, 'POST', '/api/v1/namespaces/default/configmaps', { agent, body }));
    }
    await until('a first answer', () => writes.some((write) => write.ended === 'end'));
    const read = ask(who, 'GET', '/api/v1/namespaces/default/configmaps/w0', { agent });
    await until('the read', () => read.ended === 'end');
    const began = performance.now();
    expect(await server.down('SIGTERM')).toBe(0);
    expect(performance.now() - began).toBeLessThan(5000);
    await until('every end', () => [watch, ...writes].every((told) => told.ended !== ''));
    expect(watch.ended).toBe('end');
    const acknowledged = writes.flatMap((write, i) => (write.status === 201 ? [`w${i}`] : []));
    expect(writes.filter((write) => write.status !== 201 && write.status !== 0)).toEqual([]);
    agent.destroy();

    await server.up();
    const there = new Set((await server.ok('get configmaps -o jsonpath={.items[*].metadata.name}')).split(' '));
    expect(acknowledged.filter((name) => !there.has(name))).toEqual([]);
    const log = (await server.atoll(['audit', 'demo', '--json'])).out.split('\n').filter(Boolean);
    const events = log.map((line) => JSON.parse(line));
    // From where they came, as the front saw it.
    expect(events.every((event) => ['127.0.0.1', '::1'].includes(event.sourceIPs?.at(-1)))).toBe(true);
    const named = (verb: string) => events.filter((event) => event.verb === verb && event.stage === 'ResponseComplete');
    expect(
      named('create')
        .map((event) => event.objectRef.name)
        .sort(),
    ).toEqual(expect.arrayContaining(acknowledged.sort()));
    expect(named('get').map((event) => event.objectRef?.name)).toContain('w0');
    expect(named('watch').map((event) => event.requestURI)).toContain(
      '/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0',
    );
  });
});

describe('a server whose workerd dies', () => {
  it('ends with 1 and says so in one sentence; started again it has everything', async () => {
    await server.ok('create configmap kept');
    const workerd = Number(readFileSync(join(server.data, 'workerd.pid'), 'utf8'));
    const ended = server.ended();
    process.kill(workerd, 'SIGKILL');
    expect(await ended).toBe(1);
    const said = server.output.split('\n').filter((line) => line.startsWith('atoll: '));
    expect(said).toEqual([
      expect.stringMatching(/^atoll: workerd, which serves the clusters, ended by itself.*start the server again$/),
    ]);
    await server.up();
    expect(await server.ok('get configmap kept -o name')).toBe('configmap/kept\n');
  });
});
