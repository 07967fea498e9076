import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { accounts } from '../accounts/tables.ts';
import { CLOCK_MODES } from '../../tenancy/cluster.ts';
import { CLUSTER_ROLES } from '../../tenancy/credentials.ts';

/** `creating`: its object is being created or filled. `deleted`: it can be restored until `purgeAt`. */
export const STATES = ['creating', 'ready', 'suspended', 'deleted'] as const;
export type State = (typeof STATES)[number];

/** Clusters of accounts. A cluster's content and credentials are in its own database. */
export const clusters = sqliteTable(
  'clusters',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    state: text('state', { enum: STATES }).notNull().default('ready'),
    apiOnly: integer('api_only', { mode: 'boolean' }).notNull(),
    legacyApis: integer('legacy_apis', { mode: 'boolean' }).notNull(),
    nodes: integer('nodes').notNull().default(3),
    clock: text('clock', { enum: CLOCK_MODES }).notNull().default('real'),
    labels: text('labels', { mode: 'json' }).$type<Record<string, string>>().notNull().default({}),
    /** Other clusters may be created from it as a template. */
    isTemplate: integer('is_template', { mode: 'boolean' }).notNull().default(false),
    /** Id of the cluster that it was forked from. */
    forkedFrom: text('forked_from'),
    /** Port of its own on the server's machine; null once deleted. */
    port: integer('port'),
    /** Plan that its object knows. */
    plan: text('plan').notNull().default('unlimited'),
    createdBy: text('created_by').notNull().default('operator'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull().default(0),
    /** Version of the row. */
    version: integer('version').notNull().default(0),
    /** Version that the object knows; below `version` it has to be notified. */
    observedVersion: integer('observed_version').notNull().default(0),
    /** Time of suspension; kept while deleted. */
    suspendedAt: integer('suspended_at'),
    /** Expiry. */
    expiresAt: integer('expires_at'),
    deletedAt: integer('deleted_at'),
    /** End of the grace period; 0: being purged. */
    purgeAt: integer('purge_at'),
  },
  (table) => [
    // Names of deleted clusters are free.
    uniqueIndex('clusters_account_name').on(table.accountId, table.name).where(sql`deleted_at IS NULL`),
    index('clusters_deleted').on(table.accountId, table.deletedAt).where(sql`deleted_at IS NOT NULL`),
    index('clusters_expires').on(table.expiresAt).where(sql`expires_at IS NOT NULL`),
    index('clusters_purge').on(table.purgeAt).where(sql`purge_at IS NOT NULL`),
    index('clusters_unobserved').on(table.updatedAt).where(sql`observed_version < version`),
    index('clusters_creating').on(table.updatedAt).where(sql`state = 'creating'`),
  ],
);

/** Index of the clusters' credentials, to find those of a person or token. The clusters' own tables are authoritative. */
export const credentials = sqliteTable(
  'credentials',
  {
    clusterId: text('cluster_id')
      .notNull()
      .references(() => clusters.id, { onDelete: 'cascade' }),
    id: text('id').notNull(),
    name: text('name').notNull(),
    username: text('username').notNull(),
    role: text('role', { enum: CLUSTER_ROLES }).notNull(),
    /** Groups beside those of the role. */
    groups: text('groups', { mode: 'json' }).$type<string[]>(),
    hint: text('hint').notNull(),
    /** Creator, "person:ID", "token:ID" or "operator"; revoked with it. */
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    /** Set before the cluster is notified, deleted with the row after; a task finishes interrupted ones. */
    revokedAt: integer('revoked_at'),
  },
  (table) => [
    primaryKey({ columns: [table.clusterId, table.id] }),
    index('credentials_creator').on(table.createdBy),
    index('credentials_expires').on(table.expiresAt).where(sql`expires_at IS NOT NULL`),
    index('credentials_revoked').on(table.revokedAt).where(sql`revoked_at IS NOT NULL`),
  ],
);
