import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { userOf } from '../../../src/server/folder.ts';

it.runIf(existsSync('/proc/self/stat'))('a killed server that nobody has asked after does not keep its data folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-lock-'));
  // The second sleep is the parent of the first, and asks after nobody.
  const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60']);
  try {
    const [said] = await once(parent.stdout, 'data');
    const pid = Number(String(said));
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), { timeout: 5_000 }).toMatch(/\) Z /);
    writeFileSync(join(folder, 'server.pid'), `${pid}\n`);
    expect(userOf(folder)).toBeUndefined();
    writeFileSync(join(folder, 'server.pid'), `${parent.pid}\n`);
    expect(userOf(folder)).toBe(parent.pid);
  } finally {
    parent.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
