import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withProgress, print, table } from '../../../src/cli/output.ts';

let told: string;
const { isTTY } = process.stderr;

beforeEach(() => {
  told = '';
  vi.useFakeTimers();
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  process.stderr.isTTY = isTTY;
});

/** Work that ends when it is told to. */
function work(): { promise: Promise<string>; end: () => void } {
  let end: () => void = () => undefined;
  const promise = new Promise<string>((resolve) => {
    end = () => resolve('done');
  });
  return { promise, end };
}

describe('what goes on', () => {
  it('moves on a terminal, and leaves nothing behind', async () => {
    process.stderr.isTTY = true;
    const { promise, end } = work();
    let n = 0;
    const result = withProgress(() => `copying ${++n}`, promise);
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toContain('⠋ copying 1');
    expect(told).toContain('⠙ copying 2');
    end();
    expect(await result).toBe('done');
    expect(told.endsWith('\r\u001b[K')).toBe(true);
  });

  it('is a plain line now and then elsewhere, and only when it takes long', async () => {
    process.stderr.isTTY = false;
    const short = work();
    const first = withProgress('making', short.promise);
    await vi.advanceTimersByTimeAsync(1_900);
    short.end();
    expect(await first).toBe('done');
    expect(told).toBe('');
    const long = work();
    let n = 0;
    const second = withProgress(() => `copying ${++n}`, long.promise);
    await vi.advanceTimersByTimeAsync(20_000);
    long.end();
    await second;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toBe('copying 1 ...\ncopying 2 ...\n');
  });

  it('ends when it fails, too', async () => {
    process.stderr.isTTY = false;
    await expect(withProgress('making', Promise.reject(new Error('no')))).rejects.toThrow('no');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toBe('');
  });
});

describe('what a command says', () => {
  it('is one JSON value, or lines', () => {
    let out = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text;
      return true;
    });
    print(true, { a: [1] }, () => 'never');
    print(undefined, { a: [1] }, () => 'one line');
    print(undefined, {}, () => '');
    expect(out).toBe('{\n  "a": [\n    1\n  ]\n}\none line\n');
  });

  it('has columns that stand below one another', () => {
    expect(
      table([
        ['NAME', 'AGE', 'ID'],
        ['a-long-name', '3m', 'x'],
      ]),
    ).toBe('NAME          AGE   ID\na-long-name   3m    x');
  });
});
