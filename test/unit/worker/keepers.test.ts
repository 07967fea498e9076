import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AuditKeeper } from '../../../src/worker/object/audit.worker.ts';
import { UsageKeeper } from '../../../src/worker/object/usage.worker.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('[MG71] a cluster that is opened anew while the timer of the one before runs is written down too', () => {
  const flushed: string[] = [];
  const of = (name: string) => ({
    options: { id: name },
    usage: { due: 1, tellAt: undefined, mustTell: () => false, flush: () => flushed.push(name) },
  });
  type Cluster = Parameters<UsageKeeper['keep']>[0];
  const [before, after] = [of('before'), of('after')] as unknown as [Cluster, Cluster];
  const keeper = new UsageKeeper(
    {} as never,
    (cluster) => cluster === after,
    () => undefined,
  );
  keeper.keep(before);
  keeper.keep(after);
  vi.runAllTimers();
  expect(flushed).toEqual(['after']);
});

it('what the log of a cluster that is opened anew holds is stored, and that of the one before', () => {
  const stored: string[] = [];
  type Log = Parameters<AuditKeeper['keep']>[0];
  const of = (name: string) => ({ due: Date.now() + 100, store: () => stored.push(name) }) as unknown as Log;
  const keeper = new AuditKeeper();
  keeper.keep(of('before'));
  keeper.keep(of('after'));
  vi.runAllTimers();
  expect(stored).toEqual(['before', 'after']);
});
