import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { confirm } from '../../../src/cli/confirm.ts';

const stream = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY });

/** What becomes of the question when this is typed, and what was shown. */
async function ask(typed: string | undefined, o: { yes?: boolean; terminal?: boolean } = {}) {
  const input = stream(o.terminal ?? true);
  const output = stream(o.terminal ?? true);
  const asked = confirm('The account acme goes', 'acme', o.yes, { input, output });
  if (typed !== undefined) input.end(typed);
  const result = await asked.then(() => 'goes on').catch((error: Error) => error.message);
  return { result, shown: String(output.read() ?? '') };
}

describe('confirm', () => {
  it('goes on when the name is typed, and does nothing otherwise', async () => {
    const { result, shown } = await ask('acme\n');
    expect(result).toBe('goes on');
    expect(shown).toContain('The account acme goes. Type "acme" to go on: ');
    for (const typed of ['acm\n', 'y\n', '\n', '']) expect(await ask(typed), typed).toMatchObject({ result: 'nothing was done' });
  });

  it('asks nobody who said yes beforehand', async () => {
    for (const terminal of [true, false])
      expect(await ask(undefined, { yes: true, terminal })).toEqual({ result: 'goes on', shown: '' });
  });

  it('does nothing where nobody can be asked', async () => {
    const result = 'The account acme goes: without a terminal to ask at, pass --yes';
    expect(await ask(undefined, { terminal: false })).toEqual({ result, shown: '' });
  });
});
