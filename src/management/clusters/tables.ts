import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { accounts } from '../accounts/tables.ts';
import { CLUSTER_ROLES } from './port.ts';

/** `creating`: its object is being made or filled. `deleted`: it waits for its end, and can be restored until `purgeAt`. */
export const STATES = ['creating', 'ready', 'suspended', 'deleted'] as const;
export type State = (typeof STATES)[number];

/** Which account has which cluster. What is inside a cluster, its credentials too, is the cluster's own. */
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
    labels: text('labels', { mode: 'json' }).$type<Record<string, string>>().notNull().default({}),
    /** Others may be made from it by naming it as their template. */
    isTemplate: integer('is_template', { mode: 'boolean' }).notNull().default(false),
    /** Id of the cluster that it is a copy of. */
    forkedFrom: text('forked_from'),
    /** Of its own on the server's machine; only of what is not deleted. */
    port: integer('port'),
    /** The plan that its object was told of. */
    plan: text('plan').notNull().default('unlimited'),
    createdBy: text('created_by').notNull().default('operator'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull().default(0),
    /** Goes up with every change of the row. */
    version: integer('version').notNull().default(0),
    /** The version that the object knows of: below `version`, it has still to be told how it stands. */
    observedVersion: integer('observed_version').notNull().default(0),
    /** It was suspended then, and is, or will be once restored. */
    suspendedAt: integer('suspended_at'),
    /** When it deletes itself. */
    expiresAt: integer('expires_at'),
    deletedAt: integer('deleted_at'),
    /** When what is deleted goes for good; 0: it is going. */
    purgeAt: integer('purge_at'),
  },
  (table) => [
    // The name of what is deleted is free at once.
    uniqueIndex('clusters_account_name').on(table.accountId, table.name).where(sql`deleted_at IS NULL`),
    index('clusters_deleted').on(table.accountId, table.deletedAt).where(sql`deleted_at IS NOT NULL`),
    index('clusters_expires').on(table.expiresAt).where(sql`expires_at IS NOT NULL`),
    index('clusters_purge').on(table.purgeAt).where(sql`purge_at IS NOT NULL`),
    index('clusters_unobserved').on(table.updatedAt).where(sql`observed_version < version`),
    index('clusters_creating').on(table.updatedAt).where(sql`state = 'creating'`),
  ],
);

/** An index of the credentials that clusters hold, so that those of somebody who leaves can be found. The clusters' own tables decide. */
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
    /** Beside those of the role. */
    groups: text('groups', { mode: 'json' }).$type<string[]>(),
    hint: text('hint').notNull(),
    /** "person:ID", "token:ID" or "operator": with whom it goes. */
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    /** Set before the cluster is told, cleared with the row after: what died in between is told again. */
    revokedAt: integer('revoked_at'),
  },
  (table) => [
    primaryKey({ columns: [table.clusterId, table.id] }),
    index('credentials_creator').on(table.createdBy),
    index('credentials_expires').on(table.expiresAt).where(sql`expires_at IS NOT NULL`),
    index('credentials_revoked').on(table.revokedAt).where(sql`revoked_at IS NOT NULL`),
  ],
);
