import type { ClockCommand, ClockSet, ClockState } from '../../tenancy/clock.ts';

/** Clocks of clusters, through their objects. Undefined: no such object. */
export interface ClockPort {
  clock(id: string): Promise<ClockState | undefined>;
  /** Tells a virtual clock to move or to stop. */
  setClock(id: string, command: ClockCommand): Promise<ClockSet | undefined>;
}
