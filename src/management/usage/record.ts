/** Usage of a cluster on its way into the table. */
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
 * Takes rows (one parameter: a JSON list of UsageRow). The figures are absolute and only ever grow within an hour, so that rows may come twice
 * and in any order. Whose a cluster is the deployment knows, not the cluster; of one that is gone nothing more is taken.
 */
export const RECORD_USAGE = `INSERT INTO usage (cluster_id, account_id, hour, requests, writes, bytes, awake_ms)
SELECT c.id, c.account_id, ${of('hour')}, ${of('requests')}, ${of('writes')}, ${of('bytes')}, ${of('awakeMs')}
FROM json_each(?) r JOIN clusters c ON c.id = ${of('id')} WHERE true
ON CONFLICT (cluster_id, hour) DO UPDATE SET ${['requests', 'writes', 'bytes', 'awake_ms'].map(most).join(', ')}`;

/** Rows that one statement takes. */
export const RECORD_ROWS = 1000;
