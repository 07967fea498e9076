/** What a cluster was used for in one hour, by its own count. */
export interface UsageHour {
  /** Its beginning, ms since the epoch. */
  hour: number;
  requests: number;
  writes: number;
  /** Most bytes that were stored. */
  bytes: number;
  awakeMs: number;
}
