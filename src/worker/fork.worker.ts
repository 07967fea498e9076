import { beginFork, type Fork, forkOf, takeChunk } from '../cluster/fork.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { ForkProgress } from '../management/clusters/port.ts';
import type { ClusterDO } from './cluster.worker.ts';
import type { Env } from './env.worker.ts';
import { now } from './host.worker.ts';

type Source = Pick<DurableObjectStub<ClusterDO>, 'exportStart' | 'exportChunk'>;

/** The object of a new cluster fetches what it is to be from the object of another, so that nothing of it passes anybody else. */
export class ForkTarget {
  readonly #sql: Sqlite;
  readonly #env: Env;

  constructor(sql: Sqlite, env: Env) {
    this.#sql = sql;
    this.#env = env;
  }

  #source(id: string): Source {
    return this.#env.CLUSTERS.get(this.#env.CLUSTERS.idFromName(id));
  }

  async begin(own: { id: string; name: string }, source: string): Promise<ForkProgress | undefined> {
    const start = await this.#source(source).exportStart();
    if (!start) return undefined;
    return progressOf(beginFork(this.#sql, source, own, start));
  }

  /** Fetches for about so long; what has come stays, whatever happens. */
  async goOn(fork: Fork, ms: number): Promise<ForkProgress | undefined> {
    const end = now() + ms;
    const source = this.#source(fork.source);
    let at = fork;
    let coming = source.exportChunk(at.revision, at.after);
    while (at.done < at.total) {
      const chunk = await coming;
      if (!chunk?.last) return undefined;
      const more = at.done + chunk.count < at.total && now() < end;
      // The next is read while this one is written.
      if (more) coming = source.exportChunk(at.revision, chunk.last);
      at = takeChunk(this.#sql, at, chunk);
      if (!more) break;
    }
    return progressOf(at);
  }

  /** The copy that has begun here. */
  get begun(): Fork | undefined {
    return forkOf(this.#sql);
  }
}

const progressOf = ({ done, total }: Fork): ForkProgress => ({ done, total });
