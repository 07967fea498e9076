import type { AuditLog } from '../../cluster/audit.ts';
import { now } from '../platform/host.worker.ts';

/** Stores audit events in time: at once what belongs to a write, within moments what reads left. */
export class AuditKeeper {
  /** For whom a timer runs; the log of a cluster that is opened anew gets one of its own. */
  #waits: AuditLog | undefined;

  /** To be called at the end of a turn, in the turn. */
  keep(log: AuditLog): void {
    const { due } = log;
    if (due === undefined) return;
    const time = now();
    if (due <= time) {
      log.store(time);
      return;
    }
    if (this.#waits === log) return;
    this.#waits = log;
    setTimeout(() => {
      if (this.#waits === log) this.#waits = undefined;
      log.store(now());
    }, due - time);
  }
}
