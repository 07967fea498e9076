import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

/**
 * In-process rooms share a fast project each; their files share a process's modules, for reading those anew takes longer than the tests.
 * `workerd` and `e2e` start real servers and take their files one after another.
 */
const quick = (name: string) => ({ test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: MINUTE, isolate: false } });
const served = (name: string, i: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 3 * MINUTE,
    hookTimeout: 2 * MINUTE,
    fileParallelism: false,
    // Alone, after all others.
    sequence: { groupOrder: 1 + i },
  },
});

export default defineConfig({
  test: {
    // By default one less than there are processors.
    maxWorkers: availableParallelism(),
    projects: [...['unit', 'contract', 'golden', 'property', 'sim', 'isolation'].map(quick), ...['workerd', 'e2e'].map(served)],
  },
});
