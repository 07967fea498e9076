import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const OPERATION_TYPES = ['delete-account', 'fork-cluster'] as const;
export const OPERATION_STATES = ['running', 'done', 'failed'] as const;

/** Long work: how far it is. Rows outlive what they were about, for somebody asks how it ended. */
export const operations = sqliteTable(
  'operations',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id').notNull(),
    type: text('type', { enum: OPERATION_TYPES }).notNull(),
    /** Id of what it is about. */
    target: text('target').notNull(),
    state: text('state', { enum: OPERATION_STATES }).notNull(),
    done: integer('done').notNull(),
    total: integer('total').notNull(),
    error: text('error'),
    /** The taskRunner goes on with it: whoever asked has been answered. */
    queued: integer('queued', { mode: 'boolean' }).notNull().default(false),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('operations_account').on(table.accountId), index('operations_state').on(table.state)],
);

/** Answers to POSTs that were given an Idempotency-Key, to be given again. */
export const idempotency = sqliteTable(
  'idempotency',
  {
    /** Who asked: "token:ID", "person:ID", "operator". */
    principal: text('principal').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of method, path and body: another request under the same key is refused. */
    request: text('request').notNull(),
    /** Absent: the first is still at work. */
    status: integer('status'),
    /** The answer, encrypted with a key that only the bearer's own token yields: it may hold a secret. */
    sealed: text('sealed'),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.principal, table.key] }), index('idempotency_created').on(table.createdAt)],
);
