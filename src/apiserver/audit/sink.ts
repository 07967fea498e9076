import type { AuditRules } from './rules.ts';

/** Where audit events go. */
export interface AuditSink {
  /** Absent: nothing is audited, and nothing is spent on it. */
  readonly rules: AuditRules | undefined;
  /** Takes an event, one line of JSON. `lasting`: it is stored together with whatever the request wrote. */
  keep(event: string, now: number, lasting: boolean): void;
  /** Takes the last event of a stream, to be completed when it ends; answers with the name under which it lies. */
  begin(event: string, now: number): string;
}
