import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** A person known by an OIDC issuer. */
export const people = sqliteTable(
  'people',
  {
    id: text('id').primaryKey(),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    /** Verified by the issuer; absent: not verified. */
    email: text('email'),
    name: text('name').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [uniqueIndex('people_subject').on(table.issuer, table.subject)],
);

/** A person who signed in, on one device. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text('id').primaryKey(),
    personId: text('person_id')
      .notNull()
      .references(() => people.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    hash: text('hash').notNull(),
    hint: text('hint').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [uniqueIndex('sessions_hash').on(table.hash), index('sessions_person').on(table.personId)],
);

/**
 * Pending sign-ins, of two sorts. A device (RFC 8628) that waits for approval has a `deviceHash`; a browser at an issuer has a `stateHash`.
 * Rows are deleted once used.
 */
export const signIns = sqliteTable(
  'sign_ins',
  {
    id: text('id').primaryKey(),
    /** Hash of the device code. */
    deviceHash: text('device_hash'),
    /** User code. */
    userCode: text('user_code'),
    /** Name of the device, shown to the person. */
    name: text('name').notNull(),
    /** Hash of `state`. */
    stateHash: text('state_hash'),
    /** Hash of the browser's cookie. */
    browserHash: text('browser_hash'),
    /** Name of the issuer: the browser's, or the one that the device requested. */
    issuer: text('issuer'),
    /** User code of the device that the browser approves after its sign-in. */
    goesOn: text('goes_on'),
    status: text('status', { enum: ['pending', 'approved', 'denied'] }).notNull(),
    personId: text('person_id').references(() => people.id, { onDelete: 'cascade' }),
    lastPollAt: integer('last_poll_at'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    uniqueIndex('sign_ins_device').on(table.deviceHash),
    uniqueIndex('sign_ins_code').on(table.userCode),
    uniqueIndex('sign_ins_state').on(table.stateHash),
    index('sign_ins_expires').on(table.expiresAt),
  ],
);
