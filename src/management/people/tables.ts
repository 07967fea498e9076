import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** Somebody whom an OIDC issuer knows. */
export const people = sqliteTable(
  'people',
  {
    id: text('id').primaryKey(),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    /** As the issuer verified it; absent when it did not. */
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
 * Sign-ins under way, of two sorts. A device (RFC 8628) that waits for its person has a `deviceHash`; a browser that went to an issuer
 * has a `stateHash`. Either is gone once it was used.
 */
export const signIns = sqliteTable(
  'sign_ins',
  {
    id: text('id').primaryKey(),
    /** What the device polls with, hashed. */
    deviceHash: text('device_hash'),
    /** What the person compares or types. */
    userCode: text('user_code'),
    /** Name of the device, shown to the person. */
    name: text('name').notNull(),
    /** Hash of the `state` that the issuer gives back. */
    stateHash: text('state_hash'),
    /** Hash of the cookie of the browser that went to the issuer. */
    browserHash: text('browser_hash'),
    /** Name of the issuer: to whom the browser went, or whom the device wishes for. */
    issuer: text('issuer'),
    /** The user code with which the browser goes on after it signed in. */
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
