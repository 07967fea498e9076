import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { ROLES } from '../http/access.ts';
import { people } from '../people/tables.ts';

/** An organisation that owns clusters. Its rows elsewhere are deleted with it. */
export const accounts = sqliteTable(
  'accounts',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** A name of `plans.ts`. */
    plan: text('plan').notNull().default('standard'),
    /** When its clusters are to be notified of the plan; absent: they know. */
    planDue: integer('plan_due'),
    createdAt: integer('created_at').notNull(),
    /** Start of its deletion: unusable from then on. */
    deletedAt: integer('deleted_at'),
  },
  (table) => [index('accounts_plan_due').on(table.planDue).where(sql`plan_due IS NOT NULL`)],
);

/** Roles of people in accounts. */
export const members = sqliteTable(
  'members',
  {
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    personId: text('person_id')
      .notNull()
      .references(() => people.id, { onDelete: 'cascade' }),
    role: text('role', { enum: ROLES }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.personId] }), index('members_person').on(table.personId)],
);

/** An offer of membership; its secret is accepted once. */
export const invitations = sqliteTable(
  'invitations',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    /** Only a person with this verified address may accept; absent: anybody with the secret. */
    email: text('email'),
    role: text('role', { enum: ROLES }).notNull(),
    hash: text('hash').notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [uniqueIndex('invitations_hash').on(table.hash), index('invitations_account').on(table.accountId)],
);
