import { z } from '@hono/zod-openapi';
import { GROUPS_PER_CREDENTIAL, IDENTITY_LENGTH } from '../limits.ts';
import { oneExpiry, expiry, Ids, Name, overlapSeconds, Time } from '../http/shapes.ts';
import { CLUSTER_ROLES } from '../../tenancy/credentials.ts';

const role = z.enum(CLUSTER_ROLES).openapi({
  description:
    'What it may do inside of the cluster. view, edit: the ClusterRoles of that name. admin: everything. none: what RBAC there gives to its name and groups.',
});
/** Names that Kubernetes accepts, without look-alikes. */
const identity = z
  .string()
  .min(1)
  .max(IDENTITY_LENGTH)
  .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces');

export const NewKubeconfig = z
  .strictObject({
    role: role
      .optional()
      .openapi({ description: 'Absent: the most that you may have, "admin" from the level "write" on, else "view".' }),
    name: Name.default('kubeconfig').openapi({
      description: 'By which it is known in the list of credentials, and inside of the cluster when an API token makes it.',
    }),
    username: identity.optional().openapi({
      description:
        'Another name than yours inside of the cluster ("admin" only): not that of a member, and without a reserved prefix.',
      example: 'jenkins',
    }),
    groups: z
      .array(identity)
      .max(GROUPS_PER_CREDENTIAL)
      .optional()
      .openapi({
        description: 'Groups inside of the cluster ("admin" only), without a reserved prefix.',
        example: ['builders'],
      }),
    ...expiry,
  })
  .refine(...oneExpiry)
  .openapi('NewKubeconfig', { example: { name: 'ci', role: 'edit', expiresIn: 900 } });

export const Credential = z
  .object({
    id: Ids.credential,
    name: z.string().openapi({ example: 'kubeconfig' }),
    username: z
      .string()
      .openapi({ description: 'Its name inside of the cluster, for RBAC and audit.', example: 'alice@example.com' }),
    groups: z.array(z.string()).optional().openapi({ description: 'Groups beside those of its role.' }),
    role,
    hint: z.string().openapi({ description: 'How its token begins.', example: 'atollk_Xb3k' }),
    createdBy: Ids.creator.openapi({ description: 'With whom it goes: "person:ID", "token:ID" or "operator".' }),
    createdAt: Time,
    expiresAt: Time.optional(),
    revokedAt: Time.optional().openapi({ description: 'Being revoked since then: the cluster has not confirmed it yet.' }),
  })
  .openapi('Credential', { description: 'What lets somebody into one cluster. Its secret is not kept.' });

export const CredentialRotation = z
  .strictObject({ overlapSeconds })
  .openapi('CredentialRotation', { example: { overlapSeconds: 60 } });

export const CredentialsRotation = z
  .strictObject({ name: Name.default('kubeconfig').openapi({ description: 'Name of the new credential.' }) })
  .openapi('CredentialsRotation', { example: { name: 'mine' } });
