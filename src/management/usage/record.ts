/** Usage rows to be recorded. */
export interface UsageRow {
  id: string;
  hour: number;
  requests: number;
  writes: number;
  bytes: number;
  awakeMs: number;
}

const of = (field: keyof UsageRow) => `json_extract(r.value, '$.${field}')`;
const most = (column: string) => `${column} = max(usage.${column}, excluded.${column})`;

/**
 * Upserts rows (one parameter: a JSON list of UsageRow). Figures are absolute and only grow within an hour, so rows may repeat and arrive
 * in any order. The deployment, not the cluster, knows the account; rows of purged clusters are dropped.
 */
export const RECORD_USAGE = `INSERT INTO usage (cluster_id, account_id, hour, requests, writes, bytes, awake_ms)
SELECT c.id, c.account_id, ${of('hour')}, ${of('requests')}, ${of('writes')}, ${of('bytes')}, ${of('awakeMs')}
FROM json_each(?) r JOIN clusters c ON c.id = ${of('id')} WHERE true
ON CONFLICT (cluster_id, hour) DO UPDATE SET ${['requests', 'writes', 'bytes', 'awake_ms'].map(most).join(', ')}`;
