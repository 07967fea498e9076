import type { AuditLog } from '../cluster/audit.ts';
import { now } from './host.worker.ts';

/** Stores audit events in time: at once what belongs to a write, within moments what reads left. */
export class AuditKeeper {
  #waits = false;

  /** To be called at the end of a turn, in the turn. */
  keep(log: AuditLog): void {
    const { due } = log;
    if (due === undefined) return;
    const time = now();
    if (due <= time) {
      log.store(time);
      return;
    }
    if (this.#waits) return;
    this.#waits = true;
    setTimeout(() => {
      this.#waits = false;
      log.store(now());
    }, due - time);
  }
}
