/** Violations that are told in full; more are only counted. */
const TOLD = 40;

/** What a soak found out, gathered from everywhere while it runs. */
export class Report {
  /** Answered operations by name. */
  readonly counts = new Map<string, number>();
  readonly violations: string[] = [];
  violated = 0;

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** Something that must never be. */
  violation(text: string): void {
    this.violated++;
    if (this.violations.length < TOLD) this.violations.push(text);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }
}
