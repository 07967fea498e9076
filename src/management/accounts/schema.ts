import { z } from '@hono/zod-openapi';
import { Created, Name } from '../shapes.ts';

export const NewAccount = z.strictObject({ name: Name }).openapi('NewAccount');

export const Account = z.object({ id: z.string(), name: Name, createdAt: Created }).openapi('Account');

export const AccountWithToken = Account.extend({
  token: z.string().openapi({ description: 'The first API token of the account; shown this once.' }),
}).openapi('AccountWithToken');
