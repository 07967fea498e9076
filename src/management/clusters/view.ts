import type { ManagementDeps } from '../deps.ts';
import { iso } from '../http/shapes.ts';
import { serverOf } from './kubeconfig.ts';
import type { ClusterRow } from './rows.ts';

/** A cluster in answers to a caller at `url`. */
export const viewOf = (deps: ManagementDeps, row: ClusterRow, url: string) => ({
  id: row.id,
  name: row.name,
  state: row.state,
  apiOnly: row.apiOnly,
  legacyApis: row.legacyApis,
  nodes: row.nodes,
  clock: row.clock,
  labels: row.labels,
  isTemplate: row.isTemplate,
  ...(row.forkedFrom !== null && { forkedFrom: row.forkedFrom }),
  server: serverOf(deps, row, url),
  ...(row.port !== null && { port: row.port }),
  createdBy: row.createdBy,
  createdAt: iso(row.createdAt),
  updatedAt: iso(row.updatedAt),
  ...(row.expiresAt !== null && { expiresAt: iso(row.expiresAt) }),
  ...(row.suspendedAt !== null && { suspendedAt: iso(row.suspendedAt) }),
  ...(row.deletedAt !== null && { deletedAt: iso(row.deletedAt) }),
  ...(row.purgeAt !== null && { purgeAt: iso(row.purgeAt) }),
});
