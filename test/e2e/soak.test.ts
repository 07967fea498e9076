import { expect, it } from 'vitest';
import { soak } from '../soak/soak.ts';

/** What died in the making is taken away after a minute, and usage is told within a quarter of one. */
const MOST_MS = 300_000;

it(
  'a small soak: nothing acknowledged is lost and no watch event lost or doubled, killed again and again',
  async () => {
    const { report, kills } = await soak({ seconds: 15, clusters: 20, accounts: 4, killEvery: 5, seed: 1 });
    expect(report.violations).toEqual([]);
    expect(kills).toBeGreaterThan(0);
    expect(report.of('acknowledged writes')).toBeGreaterThan(100);
    expect(report.of('watch events')).toBeGreaterThan(10);
    expect(report.of('requests metered')).toBeGreaterThan(100);
  },
  MOST_MS,
);
