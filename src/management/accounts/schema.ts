import { z } from '@hono/zod-openapi';
import { LEVELS, ROLES } from '../http/access.ts';
import { EMAIL_LENGTH } from '../limits.ts';
import { Ids, Name, Time } from '../http/shapes.ts';

const name = Name.openapi({ example: 'blue-team' });

export const NewAccount = z.strictObject({ name }).openapi('NewAccount');

export const Account = z
  .object({ id: Ids.account, name, plan: z.string().openapi({ example: 'free' }), createdAt: Time })
  .openapi('Account', { description: 'An organisation: it owns clusters and tokens.' });

const level = z.enum(LEVELS).openapi({ description: 'What you may do in it.' });

export const AccountWithToken = Account.extend({
  token: z.string().optional().openapi({
    description:
      'The first API token of an account that the operator made; shown this once. A person who makes one is its owner.',
  }),
}).openapi('AccountWithToken');

export const AccountWithLevel = Account.extend({
  level: level.optional(),
  deletedAt: Time.optional().openapi({ description: 'It is being deleted since then; only the operator sees it.' }),
}).openapi('AccountWithLevel');

export const Joined = Account.extend({ level }).openapi('JoinedAccount');

/** The calling principal. */
export const Me = z
  .object({
    type: z.enum(['operator', 'person', 'token']),
    id: Ids.token,
    name: z.string().openapi({ example: 'ci' }),
    accounts: z.array(z.object({ id: Ids.account, name, level: z.enum(LEVELS) })).openapi({
      description: 'Where they may do something, and how much.',
    }),
  })
  .openapi('Me');

const role = z.enum(ROLES).openapi({
  description:
    'viewer: looks. member: also clusters. admin: also tokens, members and invitations. owner: also the account itself.',
});

export const MemberView = z
  .object({
    id: Ids.person,
    name: z.string().openapi({ example: 'Alice' }),
    email: z.string().optional().openapi({ example: 'alice@example.com' }),
    role,
    createdAt: Time,
  })
  .openapi('Member', { description: 'A person in an account. An address is there when their issuer verified it.' });

export const NewRole = z.strictObject({ role }).openapi('NewRole');
export const Transfer = z
  .strictObject({ person: Ids.person.openapi({ description: 'Id of the member who becomes the owner.' }) })
  .openapi('Transfer');

const email = z
  .email()
  .max(EMAIL_LENGTH)
  .openapi({ description: 'Only a person whose issuer verified this address may accept.', example: 'bob@example.com' });

export const NewInvitation = z
  .strictObject({
    role: role.default('member'),
    email: email.optional(),
    expiresAt: Time.optional().openapi({ description: 'Absent: in 7 days; at most 90 days ahead.' }),
  })
  .openapi('NewInvitation', { example: { role: 'viewer', email: 'bob@example.com' } });

export const InvitationView = z
  .object({
    id: Ids.invitation,
    role,
    email: z.string().optional(),
    createdBy: Ids.creator.openapi({ description: 'Who invited: "person:ID" or "token:ID". It goes with them.' }),
    createdAt: Time,
    expiresAt: Time,
  })
  .openapi('Invitation');

export const InvitationWithSecret = InvitationView.extend({
  invitation: z
    .string()
    .openapi({ description: 'What the invited person accepts with; shown this once.', example: 'atolli_...' }),
}).openapi('InvitationWithSecret');

export const Acceptance = z
  .strictObject({ invitation: z.string().max(200).openapi({ example: 'atolli_...' }) })
  .openapi('Acceptance');
