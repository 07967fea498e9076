import { z } from '@hono/zod-openapi';
import { LEVELS } from '../access.ts';
import { Name, Time } from '../shapes.ts';

export const NewAccount = z.strictObject({ name: Name }).openapi('NewAccount');

export const Account = z
  .object({ id: z.string(), name: Name, plan: z.string(), createdAt: Time })
  .openapi('Account', { description: 'An organisation: it owns clusters and tokens.' });

export const AccountWithToken = Account.extend({
  token: z.string().optional().openapi({
    description:
      'The first API token of an account that the operator made; shown this once. A person who makes one is its owner.',
  }),
}).openapi('AccountWithToken');

/** Who somebody is to the API. */
export const Me = z
  .object({
    type: z.enum(['operator', 'person', 'token']),
    id: z.string(),
    name: z.string(),
    accounts: z.array(z.object({ id: z.string(), name: z.string(), level: z.enum(LEVELS) })).openapi({
      description: 'Where they may do something, and how much.',
    }),
  })
  .openapi('Me');
