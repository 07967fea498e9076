import type { Sample, Soaked, SoakOptions } from './soak.ts';

/** Of a life of the server only what follows its first seconds counts: before, it is still starting. */
const WARM_SECONDS = 5;
const MINUTE = 60;

/** Least squares: megabytes a minute. */
function slope(points: { at: number; value: number }[]): number {
  if (points.length < 2) return 0;
  const mean = (of: (p: { at: number; value: number }) => number) => points.reduce((sum, p) => sum + of(p), 0) / points.length;
  const [x, y] = [mean((p) => p.at), mean((p) => p.value)];
  const over = points.reduce((sum, p) => sum + (p.at - x) * (p.value - y), 0);
  const under = points.reduce((sum, p) => sum + (p.at - x) ** 2, 0);
  return under === 0 ? 0 : (over / under) * MINUTE;
}

/** The most of each life, at the time of its last sample: whether a server that goes on from what its folder holds needs more and more. */
export function memory(samples: readonly Sample[]) {
  const lives = [...Map.groupBy(samples, ({ life }) => life).values()];
  const peaks = lives.map((life) => ({
    at: life[life.length - 1].at,
    node: Math.max(...life.map(({ node }) => node)),
    workerd: Math.max(...life.map(({ workerd }) => workerd)),
  }));
  const warm = lives.length > 1 ? [] : samples.filter(({ at }) => at > WARM_SECONDS);
  const points = (of: 'node' | 'workerd') => (warm.length ? warm : peaks).map((s) => ({ at: s.at, value: s[of] }));
  const one = (of: 'node' | 'workerd') => ({
    first: peaks[0]?.[of] ?? 0,
    last: peaks[peaks.length - 1]?.[of] ?? 0,
    slope: slope(points(of)),
  });
  return { node: one('node'), workerd: one('workerd') };
}

/** What a soak prints. */
export function summary(options: SoakOptions, { report, kills, visits, samples, setupSeconds, longestDown }: Soaked): string {
  const { seconds, clusters, accounts, seed } = options;
  const figures = [...report.counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, n]) => `  ${what.padEnd(28)}${n}`);
  const used = memory(samples);
  const grown = (name: string, { first, last, slope }: { first: number; last: number; slope: number }) =>
    `  ${name.padEnd(28)}${first.toFixed(0)} MB at most in the first life, ${last.toFixed(0)} in the last, ${slope.toFixed(1)} MB a minute`;
  return [
    `${clusters} clusters of ${accounts} accounts (made in ${setupSeconds.toFixed(1)} s), ${seconds} s of load, seed ${seed}`,
    `${visits} visits, ${kills} kills, at most ${longestDown.toFixed(1)} s until it served again`,
    ...figures,
    grown('memory of the server', used.node),
    grown('memory of workerd', used.workerd),
    ...report.violations.map((text) => `VIOLATION ${text}`),
    report.violated
      ? `${report.violated} violations; --seed ${seed} has the same operations`
      : 'no acknowledged write lost, no watch event lost or doubled, usage as the clients counted it',
  ].join('\n');
}
