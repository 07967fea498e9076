import { and, asc, eq, gt, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { Access } from '../http/access.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import type { ClusterRow } from './rows.ts';
import { clusters, type State } from './tables.ts';

export interface ListQuery {
  limit: number;
  after?: string;
  state?: State | 'all';
  /** `k=v,k2` as in Kubernetes: equals, or exists. */
  labels?: string;
  namePrefix?: string;
  isTemplate?: boolean;
}

const label = (key: string, value: string | undefined): SQL =>
  value === undefined
    ? sql`EXISTS (SELECT 1 FROM json_each(${clusters.labels}) WHERE key = ${key})`
    : sql`EXISTS (SELECT 1 FROM json_each(${clusters.labels}) WHERE key = ${key} AND value = ${value})`;

function selected(selector: string): SQL[] {
  return selector
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => {
      const match = /^\s*([^=!\s]+)\s*(?:={1,2}\s*([^=\s]*)\s*)?$/.exec(term);
      if (!match) throw new Problem('invalid-request', `labels: "${term}" is neither "key=value" nor "key"`);
      return label(match[1], match[2]);
    });
}

/** Condition of a selector in SQL, so that pages are full. */
const reached = ({ selector }: Access): (SQL | undefined)[] => [
  selector.clusters && sql`${clusters.id} IN (SELECT value FROM json_each(${JSON.stringify(selector.clusters)}))`,
  ...Object.entries(selector.labels ?? {}).map(([key, value]) => label(key, value)),
];

/** A page of the selected clusters, by name; deleted ones only on request. */
export async function listClusters(
  deps: ManagementDeps,
  access: Access,
  query: ListQuery,
): Promise<{ items: ClusterRow[]; next?: string }> {
  const { limit, after, state, labels, namePrefix, isTemplate } = query;
  const from = partsOf(after, 'string', 'string');
  const rows = await deps.db
    .select()
    .from(clusters)
    .where(
      and(
        eq(clusters.accountId, access.accountId),
        state === undefined ? isNull(clusters.deletedAt) : state === 'all' ? undefined : eq(clusters.state, state),
        namePrefix ? sql`substr(${clusters.name}, 1, ${namePrefix.length}) = ${namePrefix}` : undefined,
        isTemplate === undefined ? undefined : eq(clusters.isTemplate, isTemplate),
        ...(labels === undefined ? [] : selected(labels)),
        ...reached(access),
        from && or(gt(clusters.name, from[0]), and(eq(clusters.name, from[0]), gt(clusters.id, from[1]))),
      ),
    )
    .orderBy(asc(clusters.name), asc(clusters.id))
    .limit(limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(last && rows.length > limit && { next: cursorOf(last.name, last.id) }) };
}
