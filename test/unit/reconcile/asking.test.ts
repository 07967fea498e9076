import { describe, expect, it } from 'vitest';
import type { Question } from '../../../src/lib/ask.ts';
import { QUESTION_MS, QUESTIONS_MAX, RECONCILE_ROUNDS, RETRY_FIRST_MS } from '../../../src/reconcile/limits.ts';
import { bench, configMap, NOW } from './bench.ts';

describe('[RC14] a reconcile that asks others', () => {
  const OK = { status: 200, body: 'yes' };
  const question = (of: string): Question => ({ method: 'GET', url: `https://outside.example.com/${of}` });

  /** Keys of `default` ask about themselves (`shared-*`: about the same) and then write what they were told. */
  function asking(rounds = 1) {
    let runs = 0;
    const world = bench({
      reconcile: (key, view, { ask, random }) => {
        const object = view.get('configmaps', key.namespace, key.name);
        if (key.namespace !== 'default' || !object || key.name.startsWith('told-')) return { actions: [] };
        runs++;
        const of = key.name.startsWith('shared-') ? 'shared' : key.name;
        const uid = random.uuid();
        let said = '';
        for (let i = 0; i < rounds; i++) {
          const reply = ask?.(question(rounds === 1 ? of : `${of}/${i}`));
          said = !reply || 'failed' in reply ? 'failed' : reply.body;
        }
        const told = configMap(`told-${key.name}`, { said, uid, of: object.data?.x ?? '' });
        return view.get('configmaps', 'default', told.metadata.name)
          ? { actions: [] }
          : { actions: [{ verb: 'create', resource: 'configmaps', object: told }] };
      },
    });
    return { ...world, runs: () => runs };
  }

  it('leaves nothing and stops no other, and goes on when its answer is there', () => {
    const { put, reconciler, data, runs } = asking();
    put('a');
    put('shared-b');
    put('shared-c');
    expect(reconciler.drain(NOW)).toBe(true);
    expect([data('told-a'), runs()]).toEqual([undefined, 3]);
    // Each question once, and not again while it is being asked.
    expect(reconciler.takeQuestions()).toEqual([question('a'), question('shared')]);
    expect(reconciler.takeQuestions()).toEqual([]);
    expect(reconciler.drain(NOW)).toBe(true);
    expect(runs()).toBe(3);
    reconciler.answer([[question('shared'), OK]]);
    reconciler.drain(NOW);
    expect([data('told-a'), data('told-shared-b')?.said, data('told-shared-c')?.said]).toEqual([undefined, 'yes', 'yes']);
    reconciler.answer([[question('a'), OK]]);
    reconciler.answer([[question('a'), { status: 200, body: 'late' }]]);
    reconciler.drain(NOW);
    expect(data('told-a')?.said).toBe('yes');
  });

  it('takes no answer to another question, and runs anew when its object changes', () => {
    const { put, reconciler, data } = asking();
    put('a', { x: '1' });
    reconciler.drain(NOW);
    reconciler.takeQuestions();
    reconciler.answer([[{ ...question('a'), body: 'x' }, OK]]);
    reconciler.drain(NOW);
    expect(data('told-a')).toBeUndefined();
    put('a', { x: '2' });
    reconciler.drain(NOW);
    expect(reconciler.takeQuestions()).toEqual([]);
    reconciler.answer([[question('a'), OK]]);
    reconciler.drain(NOW);
    expect(data('told-a')).toMatchObject({ said: 'yes', of: '2' });
  });

  it('goes on without an answer after a while, and asks again after a crash', () => {
    const { put, reconciler, data, timers } = asking();
    put('a');
    reconciler.drain(NOW);
    reconciler.takeQuestions();
    expect(timers.get('c0', 'default', 'a')).toBe(NOW + QUESTION_MS);
    reconciler.drain(NOW + QUESTION_MS - 1);
    expect(data('told-a')).toBeUndefined();
    reconciler.drain(NOW + QUESTION_MS);
    expect(data('told-a')?.said).toBe('failed');
    const again = asking();
    again.put('b');
    again.reconciler.drain(NOW);
    const reopened = again.make();
    reopened.drain(NOW + QUESTION_MS);
    expect(reopened.takeQuestions()).toEqual([question('b')]);
  });

  it('has a bounded number of questions under way, and counts no run without a new answer', () => {
    const { put, reconciler, data, timers } = asking();
    for (let i = 0; i < QUESTIONS_MAX + 2; i++) put(`k${i}`);
    reconciler.drain(NOW);
    const first = reconciler.takeQuestions();
    expect([first.length, reconciler.takeQuestions().length]).toEqual([QUESTIONS_MAX, 0]);
    reconciler.answer(first.slice(0, 2).map((asked) => [asked, OK]));
    expect(reconciler.takeQuestions()).toHaveLength(2);
    const waiting = first.at(-1)?.url.split('/').at(-1) ?? '';
    // It is dirtied more often than it may ask, and waits no longer for that.
    for (let i = 0; i <= RECONCILE_ROUNDS; i++) {
      put(waiting, { x: String(i) });
      reconciler.drain(NOW + i);
    }
    expect(timers.get('c0', 'default', waiting)).toBe(NOW + QUESTION_MS);
    reconciler.answer([[question(waiting), OK]]);
    reconciler.drain(NOW + 10);
    expect(data(`told-${waiting}`)?.said).toBe('yes');
  });

  it('backs off when its questions come to no end', () => {
    const { put, reconciler, timers, data } = asking(RECONCILE_ROUNDS + 1);
    put('a');
    for (let i = 0; i < RECONCILE_ROUNDS; i++) {
      reconciler.drain(NOW);
      reconciler.answer(reconciler.takeQuestions().map((asked) => [asked, OK]));
    }
    expect(timers.get('c0', 'default', 'a')).toBe(NOW + RETRY_FIRST_MS);
    expect([reconciler.takeQuestions(), data('told-a')]).toEqual([[], undefined]);
  });
});
