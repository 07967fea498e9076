// Stands in for vitest inside workerd: collects the tests of a suite, and lends vitest's own expect.
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

/** Name -> body. */
export const tests = new Map();
export const expect = chai.expect;
export const describe = (_name, body) => body();
export const it = (name, body) => tests.set(name, body);
