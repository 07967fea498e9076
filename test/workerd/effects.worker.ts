import { DurableObject } from 'cloudflare:workers';
import { NO_FACTS } from '../../src/apiserver/openapi-facts.ts';
import { BootSnapshots } from '../../src/cluster/boot-snapshot.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { ClusterHost, type HostPorts } from '../../src/cluster/host.ts';
import { DRAIN_FIRST_SLICE_MS } from '../../src/lib/limits.ts';
import { Asker } from '../../src/worker/object/ask.worker.ts';
import { portsOf } from '../../src/worker/object/ports.worker.ts';
import { Sockets } from '../../src/worker/object/sockets.worker.ts';
import type { Env } from '../../src/worker/platform/env.worker.ts';

const SENDER = { controller: 'kubelet', namespace: 'default', name: 'sender' };
const ADMIN = { id: 'admin', username: 'admin', role: 'admin' } as const;

/** An object with the real host, turns and ports of a cluster, whose effects a test writes. Its usage is told to nobody. */
export class Senders extends DurableObject<Env> {
  readonly #ports: HostPorts = {
    ...portsOf(this.ctx, this.env, {
      bootSnapshots: new BootSnapshots(),
      facts: NO_FACTS,
      meter: { rowsRead: 0, rowsWritten: 0 },
      sockets: new Sockets(this.ctx),
      asker: new Asker({ outside: (url, init) => fetch(url, init) }),
    }),
    reportUsage: ({ usage }) => void usage.report(Date.now()),
  };
  readonly #host = new ClusterHost(this.#ports);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    void ctx.blockConcurrencyWhile(async () => this.#host.turns.adopt((await ctx.storage.getAlarm()) ?? undefined));
  }

  #open(): Cluster {
    if (!this.#host.open()) this.#host.create({ id: 'a', name: 'a', apiOnly: true }, ADMIN);
    return this.#host.cluster as Cluster;
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    this.#host.turns.fired(info?.scheduledTime ?? Date.now());
    this.#host.wake();
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get('id') ?? '';
    const cluster = this.#open();
    const { outbox } = cluster.reconciler;
    const { sql } = this.#ports.platform;
    const now = Date.now();
    if (pathname === '/write') {
      const due = now + Number(searchParams.get('in') ?? 0);
      const effect = { id, request: { method: 'POST', url: searchParams.get('to') ?? '', body: id }, due } as const;
      sql.transaction(() => {
        outbox.add(effect, SENDER);
        if (searchParams.has('fails')) sql.run('INSERT INTO nowhere VALUES (1)');
      });
    }
    if (pathname === '/settle') outbox.settle(id);
    const state = outbox.state(id);
    this.#host.turns.markDirty();
    this.#host.turns.take(cluster, now, DRAIN_FIRST_SLICE_MS);
    return Response.json(state ?? null);
  }
}

export default {
  fetch: (request: Request, env: { SENDERS: DurableObjectNamespace<Senders> }) => env.SENDERS.getByName('one').fetch(request),
};
