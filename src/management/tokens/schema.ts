import { z } from '@hono/zod-openapi';
import { LEVELS } from '../http/access.ts';
import { CLUSTERS_PER_TOKEN } from '../limits.ts';
import { oneExpiry, expiry, Ids, Labels, Name, overlapSeconds, Time } from '../http/shapes.ts';

const scope = z.enum(LEVELS).openapi({
  description:
    'read: look. write: clusters and their credentials. admin: also tokens, members and the audit log. owner: also the account itself.',
});
const clusters = z.array(z.string()).min(1).max(CLUSTERS_PER_TOKEN).openapi({
  description: 'Ids or names of the clusters that it reaches; absent: all.',
});
const labels = Labels.openapi({ description: 'It reaches only clusters that have all these labels; absent: all.' });

export const NewToken = z
  .strictObject({
    name: Name,
    scope: scope.default('write'),
    clusters: clusters.optional(),
    labels: labels.optional(),
    ...expiry,
  })
  .refine(...oneExpiry)
  .openapi('NewToken', {
    description: 'Made by a token that expires, it expires no later.',
    example: { name: 'ci', scope: 'write', labels: { team: 'blue' }, expiresIn: 86_400 },
  });

export const TokenUpdate = z
  .strictObject({
    name: Name.optional(),
    expiresAt: Time.nullable().optional().openapi({ description: 'When it stops to work; null: never.' }),
  })
  .openapi('TokenUpdate', { example: { name: 'ci-main' } });

export const TokenRotation = z
  .strictObject({
    overlapSeconds,
    revokeCredentials: z.boolean().default(false).openapi({
      description: 'Also revoke the credentials of clusters that were made with it: its secret may have been in wrong hands.',
    }),
  })
  .openapi('TokenRotation', { example: { overlapSeconds: 3600 } });

export const Token = z
  .object({
    id: Ids.token,
    name: Name.openapi({ example: 'ci' }),
    scope,
    clusters: clusters.optional(),
    labels: labels.optional(),
    hint: z.string().openapi({ description: 'How the token begins.', example: 'atoll_Xb3k' }),
    personId: Ids.person.optional().openapi({
      description:
        "The person whose it is: it is worth no more than their role, and goes when they leave. Absent: the account's own.",
    }),
    createdBy: Ids.creator.openapi({ description: 'Who made it: "person:ID", "token:ID" or "operator".' }),
    createdAt: Time,
    expiresAt: Time.optional(),
    lastUsedAt: Time.optional().openapi({ description: 'To the minute.' }),
    formerUntil: Time.optional().openapi({ description: 'Until then the secret from before the last rotation works too.' }),
  })
  .openapi('Token');

export const TokenWithSecret = Token.extend({
  token: z.string().openapi({ description: 'The token itself; shown this once.', example: 'atoll_...' }),
}).openapi('TokenWithSecret');
