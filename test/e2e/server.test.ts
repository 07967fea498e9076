import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, Server } from './server.ts';

const CLI = fileURLToPath(new URL('../../src/cli/atoll.mjs', import.meta.url));

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server?.dispose());

function get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`https://localhost:${server.port}${path}`, { ca: server.ca, headers }, (answer) => {
      let body = '';
      answer
        .setEncoding('utf8')
        .on('data', (text) => (body += text))
        .on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    outgoing.on('error', reject).end();
  });
}

const cluster = () => new URL(JSON.parse(server.kubeconfig).clusters[0].cluster.server).pathname;

describe('the first start', () => {
  it('leaves what the README promises, readable by its owner alone', () => {
    expect(server.output).toMatch(new RegExp(`^ready https://localhost:${server.port}$`, 'm'));
    expect(server.output).toContain('npx atoll kubectl');
    expect(server.credentials.url).toBe(`https://localhost:${server.port}`);
    for (const name of ['credentials.json', 'kubeconfig', 'operator.token', 'ca.key', 'server.key', 'secret']) {
      expect(statSync(join(server.data, name)).mode & 0o777, name).toBe(0o600);
    }
  });

  it('is over in a second the next time', async () => {
    await server.down();
    const from = performance.now();
    await server.up();
    expect(performance.now() - from).toBeLessThan(5000);
    expect(server.output).not.toContain('npx atoll kubectl');
  });
});

describe('connections', () => {
  it('outlive the five seconds after which workerd closes its own', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    const ask = () =>
      new Promise<number>((resolve, reject) => {
        const outgoing = request(`https://localhost:${server.port}/healthz`, { ca: server.ca, agent }, (answer) => {
          ports.add(answer.socket.localPort);
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
        });
        outgoing.on('error', reject).end();
      });
    expect(await ask()).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(await ask()).toBe(200);
    expect(ports.size).toBe(1);
    agent.destroy();
  });
});

describe('addresses', () => {
  it('answer, refuse and do not exist', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, body: 'ok' });
    expect((await get('/')).body).toContain('Atoll');
    expect((await get('/v1/accounts/self/clusters')).status).toBe(401);
    expect((await get('/nothing')).status).toBe(404);
    expect((await get(`${cluster()}/api/v1/namespaces`)).status).toBe(401);
    const { token } = JSON.parse(server.kubeconfig).users[0].user as { token: string };
    expect((await get(`${cluster()}/readyz`)).status).toBe(401);
    expect((await get(`${cluster()}/readyz`, { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it('a made-up cluster is refused without a trace', async () => {
    const id = cluster().split('/')[2];
    const other = `${id[0] === 'a' ? 'b' : 'a'}${id.slice(1)}`;
    const answer = await get(`/clusters/${other}/api`);
    expect(answer).toEqual(await get(`${cluster()}/api`));
    expect(answer.status).toBe(401);
  });

  it("a cluster's token is worth nothing to another cluster, nor to management", async () => {
    const token = JSON.parse(server.kubeconfig).users[0].user.token as string;
    await server.atoll(['cluster', 'create', 'other', '--kubeconfig', join(server.data, 'other.kubeconfig')]);
    const config = await server.kubectl(['--kubeconfig', join(server.data, 'other.kubeconfig'), '--token', token, 'get', 'ns']);
    expect(config.code).toBe(1);
    expect((await get('/v1/accounts/self/clusters', { authorization: `Bearer ${token}` })).status).toBe(401);
    const { token: account } = server.credentials;
    expect((await get(`${cluster()}/api/v1/namespaces`, { authorization: `Bearer ${account}` })).status).toBe(401);
    expect((await server.atoll(['cluster', 'delete', 'other'])).code).toBe(0);
  });
});

describe('the CLI', () => {
  it('makes, lists, shows and deletes clusters', async () => {
    const made = await server.atoll(['cluster', 'create', 'mine', '--api-only', '--json']);
    expect(made.code, made.err).toBe(0);
    const { id, name, apiOnly } = JSON.parse(made.out);
    expect([name, apiOnly]).toEqual(['mine', true]);
    expect((await server.atoll(['kubectl', 'get', 'namespaces', '-o', 'name'])).out.split('\n')).toContain('namespace/default');
    expect((await server.atoll(['kubectl', 'get', 'nodes'])).err).toContain('No resources found');
    const names = JSON.parse((await server.atoll(['cluster', 'list', '--json'])).out).map((c: { name: string }) => c.name);
    expect(names).toEqual(['demo', 'mine']);
    expect(JSON.parse((await server.atoll(['cluster', 'get', 'mine', '--json'])).out).id).toBe(id);
    expect((await server.atoll(['cluster', 'create', 'mine'])).err).toMatch(/^atoll: The name is taken/);
    expect((await server.atoll(['cluster', 'delete', 'mine'])).out).toBe('cluster mine deleted\n');
    expect((await server.atoll(['cluster', 'get', 'mine'])).err).toMatch(/cluster "mine" not found/);
    expect((await server.atoll(['kubectl', 'get', 'nodes', '-o', 'name'])).out.split('\n').filter(Boolean)).toHaveLength(3);
  });

  it("makes accounts that do not see each other's clusters", async () => {
    const { token, id } = JSON.parse((await server.atoll(['account', 'create', 'bob', '--json'])).out);
    expect(id).toBeTruthy();
    const bob = { ATOLL_TOKEN: token as string };
    expect((await server.atoll(['cluster', 'list', '--json'], bob)).out.trim()).toBe('[]');
    expect((await server.atoll(['cluster', 'get', 'demo'], bob)).err).toMatch(/not found/);
    expect((await server.atoll(['cluster', 'delete', 'demo'], bob)).code).toBe(1);
    expect((await server.atoll(['cluster', 'list'], { ATOLL_TOKEN: 'atoll_wrong' })).err).toMatch(
      /^atoll: A valid bearer token is needed/,
    );
  });

  it("passes kubectl's exit code and tells wrong usage by its own", async () => {
    expect((await server.atoll(['kubectl', 'get', 'nothing'])).code).toBe(1);
    expect((await server.atoll(['cluster', 'make'])).code).toBe(2);
    expect((await server.atoll(['--help'])).code).toBe(0);
  });
});

describe('what keeps it from starting is said in one sentence', () => {
  const start = (env: Record<string, string>) => run(process.execPath, [CLI, 'start'], { env, timeoutMs: 30_000 });
  const parent = mkdtempSync(join(tmpdir(), 'atoll-refused-'));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  const refused = async (env: Record<string, string>, words: RegExp) => {
    const { code, err } = await start({ PORT: '0', ...env });
    expect(code).toBe(1);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toMatch(words);
  };

  it('a used port', async () => {
    const other = createServer().listen(0);
    const { port } = other.address() as { port: number };
    await refused({ ATOLL_DATA: join(parent, 'a'), PORT: String(port) }, new RegExp(`port ${port} is in use`));
    other.close();
  });

  it('a server on the same folder', () => refused({ ATOLL_DATA: server.data }, /is using the data folder/));

  it('a place that cannot be written', () => refused({ ATOLL_DATA: '/proc/atoll' }, /cannot be written/));

  it('a folder of somebody else', async () => {
    writeFileSync(join(parent, 'thesis.tex'), '');
    await refused({ ATOLL_DATA: parent }, /are not Atoll's/);
  });

  it('a corrupt database', async () => {
    const other = await Server.start();
    await other.down();
    const objects = join(other.data, 'clusters', 'atoll-ClusterDO');
    const { readdirSync } = await import('node:fs');
    const [name] = readdirSync(objects).filter((file) => file.endsWith('.sqlite') && !file.startsWith('metadata'));
    writeFileSync(join(objects, name), 'x'.repeat(8192));
    await refused({ ATOLL_DATA: other.data }, /is corrupt/);
    await other.dispose();
  });
});
