import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

/** In-process rooms share a fast project each; `workerd` and `e2e` start real servers and take their files one after another. */
const quick = (name: string) => ({ test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: MINUTE } });
const served = (name: string) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 3 * MINUTE, hookTimeout: 2 * MINUTE, fileParallelism: false },
});

export default defineConfig({
  test: {
    projects: [...['unit', 'contract', 'golden', 'property', 'sim', 'isolation'].map(quick), ...['workerd', 'e2e'].map(served)],
  },
});
