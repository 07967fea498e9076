import { afterAll, describe, expect, it } from 'vitest';
import { optionsFor, workerd } from './bundle.ts';

/** The suites of suite.worker.mjs, run in the real runtime; each test here asks for one of them. */
const options = await optionsFor('suite.worker.mjs', { vitest: 'vitest-in-worker.mjs' });
const miniflare = workerd(options, { SUBJECTS: 'Subject' });
const url = await miniflare.ready;
const names = (await (await fetch(url)).json()) as string[];
afterAll(() => miniflare.dispose());

describe('in workerd', () => {
  it('has suites', () => expect(names.length).toBeGreaterThan(10));

  it.each(names)('%s', async (name) => {
    const answer = await fetch(url, { method: 'POST', body: name });
    expect(await answer.text()).toBe('');
  });
});
