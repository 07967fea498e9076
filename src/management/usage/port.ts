/** Usage of a cluster in one hour, by its own count. */
export interface UsageHour {
  /** Start of the hour, ms since the epoch. */
  hour: number;
  requests: number;
  writes: number;
  /** Maximum of stored bytes. */
  bytes: number;
  awakeMs: number;
}
