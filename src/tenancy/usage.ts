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

/** Platform cost of the object since it woke, for the bench. Tenants are billed by the hours. */
export interface ClusterUsage {
  rowsRead: number;
  rowsWritten: number;
  awakeMs: number;
  databaseBytes: number;
  watchers: number;
}
