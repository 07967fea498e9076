import type { OpenApiFacts } from '../../apiserver/openapi-facts.ts';
import type { BootSnapshots } from '../../cluster/boot-snapshot.ts';
import type { HostPorts } from '../../cluster/host.ts';
import type { Failed } from '../../cluster/platform.ts';
import { describeError, log } from '../edge/log.worker.ts';
import { metrics } from '../edge/metrics.worker.ts';
import type { Env } from '../platform/env.worker.ts';
import { budget, crypt, now, random } from '../platform/host.worker.ts';
import { type Meter, openStorage } from '../platform/sqlite.worker.ts';
import type { Asker } from './ask.worker.ts';
import { budgetFor, pauseAfter } from './contention.worker.ts';
import { recordAlarm } from './overdue.worker.ts';
import type { Sockets } from './sockets.worker.ts';
import { reportLastUsage, reportUsage } from '../platform/usage.worker.ts';

/** Parts of an object that its ports use. */
export interface Parts {
  bootSnapshots: BootSnapshots;
  facts: OpenApiFacts;
  meter: Meter;
  sockets: Sockets;
  asker: Asker;
}

/** Ports of a cluster over its Durable Object. */
export function portsOf(
  context: DurableObjectState,
  env: Env,
  { bootSnapshots, facts, meter, sockets, asker }: Parts,
): HostPorts {
  const { storage } = context;
  const object = context.id.toString();
  const failed: Failed = (cluster, part, error) => {
    metrics.count('atoll_drain_errors_total');
    log('error', { type: part, object, ...(cluster && { cluster }), ...describeError(error) });
  };
  const after = (ms: number, run: () => void) => void setTimeout(run, ms);
  return {
    platform: { sql: openStorage(storage, meter), random, crypto: crypt, failed, bootSnapshots, facts },
    alarm: {
      set: (at, lost) => {
        storage.setAlarm(at).catch(lost);
        recordAlarm(object, at);
      },
    },
    now,
    after,
    pause: (ms) => new Promise((resolve) => after(ms, resolve)),
    budget,
    slice: (time, wantedMs) => budgetFor(object, time, wantedMs),
    pauseAfter,
    ask: (questions, answered) => {
      for (const question of questions) context.waitUntil(asker.ask([question]).then(answered));
    },
    send: (deliveries, delivered) => {
      for (const { id, request } of deliveries) {
        context.waitUntil(asker.deliver(id, request).then((reply) => delivered(id, reply)));
      }
    },
    reportUsage: (cluster) => reportUsage(env, cluster),
    reportLastUsage: (cluster) => reportLastUsage(env, cluster),
    streams: { resume: (cluster) => sockets.resume(cluster), closeAll: () => sockets.closeAll() },
    source: (id) => env.CLUSTERS.get(env.CLUSTERS.idFromName(id)),
    erase: async () => {
      recordAlarm(object, undefined);
      await storage.deleteAlarm();
      await storage.deleteAll();
    },
    report: {
      turn: () => metrics.count('atoll_turns_total'),
      failed,
      alarmLost: () => {
        metrics.count('atoll_alarms_lost_total');
        log('error', { type: 'alarm', object, error: 'an alarm was lost: what was due is done late' });
      },
    },
  };
}
