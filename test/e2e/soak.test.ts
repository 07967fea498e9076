import { expect, it } from 'vitest';
import { soak } from '../soak/soak.ts';

it('a small soak: nothing acknowledged is lost and no watch event lost or doubled, killed again and again', async () => {
  const { report, kills } = await soak({ seconds: 15, clusters: 20, accounts: 4, killEvery: 5, seed: 1 });
  expect(report.violations).toEqual([]);
  expect(kills).toBeGreaterThan(0);
  expect(report.of('acknowledged writes')).toBeGreaterThan(100);
  expect(report.of('watch events')).toBeGreaterThan(10);
});
