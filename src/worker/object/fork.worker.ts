import { beginFork, type Fork, forkOf, takeChunk } from '../../cluster/fork.ts';
import { FORK_HASTE_MS } from '../limits.ts';
import type { Sqlite } from '../../lib/sqlite-port.ts';
import type { ForkProgress } from '../../management/clusters/port.ts';
import type { ClusterDO } from './cluster.worker.ts';
import type { Env } from '../platform/env.worker.ts';
import { isCrowded } from './contention.worker.ts';
import { now } from '../platform/host.worker.ts';

type Source = Pick<DurableObjectStub<ClusterDO>, 'exportStart' | 'exportChunk'>;

/** The object of a new cluster fetches what it is to be from the object of another, so that nothing of it passes anybody else. */
export class ForkTarget {
  readonly #sql: Sqlite;
  readonly #env: Env;
  /** When it began; after an eviction it has taken long. */
  #since = 0;

  constructor(sql: Sqlite, env: Env) {
    this.#sql = sql;
    this.#env = env;
  }

  #source(id: string): Source {
    return this.#env.CLUSTERS.get(this.#env.CLUSTERS.idFromName(id));
  }

  async begin(own: { id: string; name: string }, source: string): Promise<ForkProgress | undefined> {
    this.#since = now();
    const start = await this.#source(source).exportStart();
    if (!start) return undefined;
    return progressOf(beginFork(this.#sql, source, own, start));
  }

  /**
   * Fetches for about so long; what has come stays, whatever happens. Between two chunks others have their turn: on one machine all objects
   * share a thread, whose loop takes nothing from outside while objects have something for each other. A copy that takes long rests half of
   * the time while others are there.
   */
  async goOn(fork: Fork, ms: number): Promise<ForkProgress | undefined> {
    const end = now() + ms;
    const source = this.#source(fork.source);
    let at = fork;
    let coming = source.exportChunk(at.revision, at.after);
    for (let from = now(); ; from = now()) {
      const chunk = await coming;
      if (!chunk?.last) return undefined;
      const isLast = at.done + chunk.count >= at.total || now() >= end;
      // The next is read while this one is written to the disk.
      if (!isLast) coming = source.exportChunk(at.revision, chunk.last);
      at = takeChunk(this.#sql, at, chunk);
      if (isLast) return progressOf(at);
      const isLong = now() - this.#since > FORK_HASTE_MS;
      await pause(isLong && isCrowded(this, now()) ? now() - from : 0);
    }
  }

  /** The copy that has begun here. */
  get begun(): Fork | undefined {
    return forkOf(this.#sql);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const progressOf = ({ done, total }: Fork): ForkProgress => ({ done, total });
