import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LOG_FILE_BYTES } from '../../../src/server/limits.ts';
import { plainLog, terminalLog } from '../../../src/server/log.ts';

const lines = [
  { level: 'info', type: 'management', action: 'createCluster', status: 201 },
  { level: 'error', type: 'kubernetes', cluster: 'c1', verb: 'list', resource: 'pods', status: 500, error: 'TypeError' },
].map((entry) => JSON.stringify(entry));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the log of the local server', () => {
  it('at a terminal goes to a file, and a person reads sentences about failures', () => {
    const out = new PassThrough();
    const log = terminalLog(folder, out);
    for (const line of [...lines, 'workerd: something']) log.write(line);
    const file = join(folder, 'server.log');
    expect(readFileSync(file, 'utf8')).toBe(`${lines.join('\n')}\nworkerd: something\n`);
    expect(String(out.read())).toBe(
      `atoll: kubernetes list pods in cluster c1 failed: it was answered 500, TypeError (${file})\n`,
    );
  });

  it('begins another file when the old one has grown long, and keeps one', () => {
    const file = join(folder, 'server.log');
    terminalLog(folder).write('old');
    truncateSync(file, LOG_FILE_BYTES + 1);
    terminalLog(folder).write('new');
    expect(readFileSync(file, 'utf8')).toBe('new\n');
    expect(existsSync(`${file}.1`)).toBe(true);
  });

  it('elsewhere is lines of JSON, as they come', () => {
    const out = new PassThrough();
    for (const line of lines) plainLog(out).write(line);
    expect(String(out.read())).toBe(`${lines.join('\n')}\n`);
  });
});
