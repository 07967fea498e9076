import type { AuditRules } from './rules.ts';

/** The sink of audit events. */
export interface AuditSink {
  /** Absent: nothing is audited. */
  readonly rules: AuditRules | undefined;
  /** Takes an event, one line of JSON. `lasting`: it is stored together with the request's writes. */
  keep(event: string, now: number, lasting: boolean): void;
  /** Takes the last event of a stream, to be completed when it ends; returns its name. */
  begin(event: string, now: number): string;
}
