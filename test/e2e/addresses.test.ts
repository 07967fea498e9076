import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as ask } from 'node:https';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, Server, until } from './server.ts';

/** Addresses of clusters without a path: ports of their own, and host names. */

const DOMAIN = 'clusters.example.com';
let server: Server;
let demoPort = 0;
beforeAll(async () => {
  demoPort = await freePort();
  server = await Server.start(async () => ({ ATOLL_DEMO_PORT: String(demoPort), ATOLL_CLUSTER_DOMAIN: DOMAIN }));
});
afterAll(() => server?.dispose());

interface Context {
  server: string;
  token: string;
}
const contextIn = (kubeconfig: string, name: string): Context => {
  const { clusters, users } = JSON.parse(kubeconfig);
  const one = <T extends { name: string }>(list: T[]) => list.find((entry) => entry.name === name) as T;
  return { server: one<any>(clusters).cluster.server, token: one<any>(users).user.token };
};
const context = (name: string): Context => contextIn(server.kubeconfig, `atoll-${name}`);

interface Said {
  status: number;
  body: string;
}
/** Asks at a port, with the path as it is written. */
const at = (port: number, path: string, token: string, headers: Record<string, string> = {}): Promise<Said> =>
  new Promise((resolve, reject) => {
    const options = { host: 'localhost', port, path, ca: server.ca, agent: false as const };
    const outgoing = ask({ ...options, headers: { authorization: `Bearer ${token}`, ...headers } }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text) => (body += text));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    outgoing.on('error', reject).end();
  });
const atoll = async (...args: string[]) => {
  const { code, out, err } = await server.atoll(args);
  expect(code, err).toBe(0);
  return out;
};
const isClosed = (port: number) =>
  until(`port ${port} closed`, () =>
    at(port, '/', '').then(
      () => false,
      (error) => error.code === 'ECONNREFUSED',
    ),
  );

describe('[MG69] the port of demo', () => {
  it('is in its kubeconfig, and "kubectl proxy" works as every book uses it', async () => {
    expect(context('demo').server).toBe(`https://localhost:${demoPort}`);
    expect(await server.ok('get nodes -o name')).toContain('node/node-0');
    const child = spawn(server.kubectlPath, ['proxy', '--port', '0'], { env: { ...process.env, ...server.env } });
    try {
      let told = '';
      child.stdout.setEncoding('utf8').on('data', (text) => (told += text));
      const port = await until('the port of the proxy', () => /127\.0\.0\.1:(\d+)/.exec(told)?.[1]);
      const proxy = `http://127.0.0.1:${port}`;
      expect(await (await fetch(`${proxy}/version`)).json()).toMatchObject({ major: '1', minor: '36' });
      const nodes = (await (await fetch(`${proxy}/api/v1/nodes`)).json()) as { items: unknown[] };
      expect(nodes.items).toHaveLength(3);
      const made = await fetch(`${proxy}/api/v1/namespaces/default/configmaps`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-proxy' } }),
      });
      expect(made.status).toBe(201);
      const watch = await fetch(`${proxy}/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1`);
      expect(await watch.text()).toContain('"by-proxy"');
    } finally {
      child.kill();
    }
  });

  it('is not the only way to it: its path is one, too', async () => {
    const { id } = JSON.parse(await atoll('cluster', 'get', 'demo', '--json'));
    expect(await at(server.port, `/clusters/${id}/version`, context('demo').token)).toMatchObject({ status: 200 });
  });
});

describe('[MG69] a port on request', () => {
  it('serves its cluster, and nobody else', async () => {
    const port = await freePort();
    await atoll('cluster', 'create', 'lab', '--api-only', '--listen', String(port));
    const [lab, demo] = [context('lab'), context('demo')];
    expect(lab.server).toBe(`https://localhost:${port}`);
    expect(await atoll('cluster', 'list')).toMatch(new RegExp(`^lab .* ${port} `, 'm'));
    expect((await at(port, '/version', lab.token)).status).toBe(200);
    const { id } = JSON.parse(await atoll('cluster', 'get', 'demo', '--json'));
    const { token: account } = server.credentials;
    const stranger = await at(port, '/version', 'nobody');
    expect(stranger.status).toBe(401);
    for (const path of [
      '/v1/me',
      '/metrics',
      `/clusters/${id}/version`,
      '/../../v1/me',
      `/../${id}/version`,
      '/%2e%2e/%2e%2e/v1/me',
      `/..%2f${id}/version`,
      '//v1/me',
      '/\\..\\..\\v1\\me',
      `https://localhost:${server.port}/v1/me`,
      `https://localhost:${server.port}/clusters/${id}/version`,
    ]) {
      for (const token of [lab.token, demo.token, account, server.operator]) {
        const { status, body } = await at(port, path, token);
        expect([400, 401, 403, 404], `${path} ${status}`).toContain(token === lab.token || path !== '/metrics' ? status : 401);
        expect(body).not.toMatch(/gitVersion|"accounts"|atoll_requests_total/);
        // Whoever is not of this cluster is told what strangers are told.
        if (token !== lab.token) expect([status, body], path).toEqual([401, stranger.body]);
      }
    }
    // A host name of another cluster leads there only where the port is nobody's own.
    expect((await at(port, '/version', demo.token, { host: `${id}.${DOMAIN}` })).status).toBe(401);
  });

  it('that cannot be had is refused in a sentence', async () => {
    const taken = createServer().listen(0);
    const { port } = taken.address() as { port: number };
    try {
      for (const one of [port, server.port, demoPort]) {
        const { code, err } = await server.atoll(['cluster', 'create', 'refused', '--api-only', '--listen', String(one)]);
        expect([code, err]).toEqual([1, `atoll: The port cannot be used: port ${one} is in use\n`]);
      }
      expect((await server.atoll(['cluster', 'get', 'refused'])).code).toBe(1);
      expect((await server.atoll(['cluster', 'listen', 'lab', 'x'])).code).toBe(2);
      expect((await server.atoll(['cluster', 'listen', 'lab', '70000'])).code).toBe(2);
    } finally {
      taken.close();
    }
  });

  it('moves, with the kubeconfig, and goes', async () => {
    const before = Number(new URL(context('lab').server).port);
    const port = await freePort();
    await atoll('cluster', 'listen', 'lab', String(port));
    expect(context('lab').server).toBe(`https://localhost:${port}`);
    expect((await at(port, '/version', context('lab').token)).status).toBe(200);
    await isClosed(before);
    await atoll('cluster', 'listen', 'lab', '--none');
    await isClosed(port);
    expect((await server.kubectl('--context atoll-lab get --raw /version')).code).not.toBe(0);
    await atoll('cluster', 'listen', 'lab', String(port));
  });

  it('is there again after a restart, and free after a deletion', async () => {
    const { server: address, token } = context('lab');
    const port = Number(new URL(address).port);
    await server.down();
    const taken = createServer().listen(demoPort);
    try {
      await server.up();
      expect((await at(port, '/version', token)).status).toBe(200);
      await until('the sentence', () => server.output.includes(`atoll: port ${demoPort} of a cluster is in use`));
      const demo = JSON.parse(await atoll('cluster', 'get', 'demo', '--json'));
      expect(context('demo').server, 'whoever answers at the port is another').toBe(
        `https://localhost:${server.port}/clusters/${demo.id}`,
      );
    } finally {
      taken.close();
    }
    await atoll('cluster', 'delete', 'lab');
    await isClosed(port);
    await server.down();
    await server.up();
    await isClosed(port);
    expect(context('demo').server).toBe(`https://localhost:${demoPort}`);
    expect(await server.ok('--context atoll-demo get --raw /version')).toContain('v1.36.3');
  });
});

describe('[MG69] a host name', () => {
  it('is in the address of a cluster without a port, and of the certificate', async () => {
    const file = `${server.data}/named.kubeconfig`;
    await atoll('cluster', 'create', 'named', '--api-only', '--kubeconfig', file);
    const { id } = JSON.parse(await atoll('cluster', 'get', 'named', '--json'));
    const named = contextIn(readFileSync(file, 'utf8'), 'atoll-named');
    const host = `${id}.${DOMAIN}`;
    expect(named.server).toBe(`https://${host}:${server.port}`);
    const socket = connect({ host: 'localhost', port: server.port, servername: host, ca: server.ca });
    await new Promise((resolve, reject) => void socket.once('secureConnect', resolve).once('error', reject));
    let told = '';
    socket.setEncoding('utf8').on('data', (text) => (told += text));
    const send = (path: string) =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${server.port}\r\nAuthorization: Bearer ${named.token}\r\n\r\n`);
    send('/version');
    await until('its version', () => told.includes('v1.36.3'));
    send('/v1/me');
    send(`/clusters/${id}/version`);
    await until('two refusals', () => told.match(/HTTP\/1.1 404 /g)?.length === 2);
    socket.destroy();
  });
});
