/** Usage of a cluster in one hour, as the cluster counted it. */
export interface UsageHour {
  /** Start of the hour, ms since the epoch. */
  hour: number;
  requests: number;
  writes: number;
  /** Maximum size of the database in the hour, bytes. */
  bytes: number;
  awakeMs: number;
}

/** Platform cost of the object since it was constructed, for the benchmark; tenants are billed by UsageHour. */
export interface ClusterUsage {
  rowsRead: number;
  rowsWritten: number;
  awakeMs: number;
  databaseBytes: number;
  watchers: number;
}
