import { z } from '@hono/zod-openapi';
import { LEVELS } from '../access.ts';
import { CLUSTERS_PER_TOKEN } from '../limits.ts';
import { Labels, Name, Time } from '../shapes.ts';

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
    expiresAt: Time.optional().openapi({ description: 'When it stops to work; absent: never.' }),
  })
  .openapi('NewToken');

export const Token = z
  .object({
    id: z.string(),
    name: Name,
    scope,
    clusters: clusters.optional(),
    labels: labels.optional(),
    hint: z.string().openapi({ description: 'How the token begins.', example: 'atoll_Xb3k' }),
    createdBy: z.string().openapi({ description: 'Who made it.' }),
    createdAt: Time,
    expiresAt: Time.optional(),
    lastUsedAt: Time.optional().openapi({ description: 'To the minute.' }),
  })
  .openapi('Token');

export const TokenWithSecret = Token.extend({
  token: z.string().openapi({ description: 'The token itself; shown this once.' }),
}).openapi('TokenWithSecret');
