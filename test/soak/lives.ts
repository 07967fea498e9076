import { processesOf } from '../bench/memory.ts';
import { Server } from '../e2e/server.ts';

/** One server through its lives: it is killed without warning and started again in the same data folder. */
export class Lives {
  readonly server: Server;
  number = 1;
  /** When each life ended, ms of this process. */
  readonly deaths: number[] = [];
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

  /** kill -9 of the whole server, and its next life. */
  async kill(): Promise<void> {
    this.#up = false;
    this.deaths.push(performance.now());
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
