import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { seeded } from '../../fixtures/prng.ts';
import { ID_LENGTH, isClusterId, makeClusterId } from '../../../src/management/clusters/id.ts';

const mac = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('hex');

it('a cluster id proves itself to the deployment that made it, and to no other', () => {
  const id = makeClusterId(seeded(7), mac('ours'));
  expect(id).toMatch(/^[a-z2-7]+$/);
  expect(id).toHaveLength(ID_LENGTH);
  expect(isClusterId(id, mac('ours'))).toBe(true);
  expect(isClusterId(id, mac('theirs'))).toBe(false);
  for (let i = 0; i < id.length; i++) {
    const other = `${id.slice(0, i)}${id[i] === 'a' ? 'b' : 'a'}${id.slice(i + 1)}`;
    expect(isClusterId(other, mac('ours')), `character ${i}`).toBe(false);
  }
  expect(isClusterId(`${id}a`, mac('ours'))).toBe(false);
  expect(isClusterId('', mac('ours'))).toBe(false);
});
