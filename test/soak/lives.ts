import { processesOf } from '../bench/memory.ts';
import { Server } from '../e2e/server.ts';

const LATELY_MS = 5_000;
const SLOW_KEPT = 2_000;

/** One server through its lives: it is killed without warning and started again in the same data folder. */
export class Lives {
  readonly server: Server;
  number = 1;
  /** When each life ended, ms of this process, and how long somebody had waited for an answer by then, at most. */
  readonly deaths: { at: number; waited: number }[] = [];
  /** When what is under way was asked, and the slow answers of late. */
  readonly #asked = new Set<{ at: number }>();
  #slow: { at: number; waited: number }[] = [];
  #up = true;
  #waiting: (() => void)[] = [];
  /** When it was last heard to serve, ms of the process. */
  since = performance.now();

  private constructor(server: Server) {
    this.server = server;
  }

  static async begin(): Promise<Lives> {
    return new Lives(await Server.start());
  }

  /** Resolves when it serves. */
  serving(): Promise<void> {
    return this.#up ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whether that life is over, or ending. */
  ended(life: number): boolean {
    return !this.#up || life !== this.number;
  }

  /** Something is asked; what is returned is to be called when it is answered. */
  asking(): () => void {
    const entry = { at: performance.now() };
    this.#asked.add(entry);
    return () => {
      this.#asked.delete(entry);
      const at = performance.now();
      this.#slow.push({ at, waited: at - entry.at });
      if (this.#slow.length > SLOW_KEPT) this.#slow = this.#slow.filter((one) => one.at > at - LATELY_MS);
    };
  }

  #waited(): number {
    const now = performance.now();
    const answered = this.#slow.filter(({ at }) => at > now - LATELY_MS).map(({ waited }) => waited);
    return Math.max(0, ...answered, ...[...this.#asked].map(({ at }) => now - at));
  }

  /** kill -9 of the whole server, and its next life. */
  async kill(): Promise<void> {
    this.#up = false;
    this.deaths.push({ at: performance.now(), waited: this.#waited() });
    const all = processesOf(this.server.pid);
    const over = this.server.down('SIGKILL');
    for (const { pid } of all) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went with its parent.
      }
    }
    await over;
    await this.server.up();
    this.number++;
    this.since = performance.now();
    this.#up = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  end(): Promise<void> {
    this.#up = false;
    return this.server.dispose();
  }
}
