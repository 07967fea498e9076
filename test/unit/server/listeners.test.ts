import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Listeners, reasonOf } from '../../../src/server/listeners.ts';

let folder = '';
let servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-'));
});
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(folder, { recursive: true });
});

const open = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, () => {
      servers.push(server);
      resolve(server);
    });
  });
const make = () => new Listeners(join(folder, 'ports.json'), open);
async function free(): Promise<number> {
  const server = await open(0);
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

it('[MG69] remembers ports for the next start, moves them, and lets them go', async () => {
  const [first, second] = [await free(), await free()];
  const listeners = make();
  expect(await listeners.listen('a', first)).toBeUndefined();
  expect(await listeners.listen('a', first)).toBeUndefined();
  expect(await listeners.listen('b', first)).toBe('is in use');
  expect(await listeners.listen('a', second)).toBeUndefined();
  expect(await listeners.listen('b', first)).toBeUndefined();
  listeners.close('b');
  await (await open(first)).close();
  // Another server has taken the port meanwhile: it is told, and tried again at the next start.
  expect(await make().restore()).toEqual([{ cluster: 'a', port: second, why: 'is in use' }]);
  listeners.close('a');
  expect(await make().restore()).toEqual([]);
});

it('says why a port cannot be had', () => {
  const reason = (code: string) => reasonOf(Object.assign(new Error(code), { code }));
  expect(reason('EADDRINUSE')).toBe('is in use');
  expect(reason('EACCES')).toMatch(/^needs rights that the server does not have/);
  expect(reason('EMFILE')).toBe('cannot be listened on (EMFILE)');
});
