import { z } from '@hono/zod-openapi';
import {
  EXPIRES_IN_SECONDS,
  GRACE_MAX_SECONDS,
  GRACE_SECONDS,
  NAME_LENGTH,
  NODES_PER_CLUSTER,
  SELECTOR_LENGTH,
} from '../limits.ts';
import { oneExpiry, Ids, LabelChange, Labels, Name, Page, Time } from '../http/shapes.ts';
import { CLOCK_MODES } from '../../tenancy/cluster.ts';
import { STATES } from './tables.ts';

const apiOnly = z.boolean().openapi({ description: 'The API server alone: no controllers, scheduler or nodes.' });
const legacyApis = z.boolean().openapi({ description: 'Advertise and accept the old API versions that the books use.' });
const nodes = z.int().min(0).max(NODES_PER_CLUSTER).openapi({ description: 'Virtual nodes to begin with.' });
const clock = z.enum(CLOCK_MODES).openapi({
  description: 'real: its time is that of the wall clock. virtual: it stands until it is told to move.',
});
const port = z.int().min(1).max(65_535).openapi({
  description:
    'A port of its own on the machine of the server, where its address has no path. Deployments to a platform have none.',
  example: 6443,
});
const isTemplate = z.boolean().openapi({ description: 'Others may be made of it by naming it as their template.' });
const ends = {
  expiresAt: Time.optional().openapi({ description: 'When it deletes itself; absent: never.' }),
  expiresIn: z.int().min(1).max(EXPIRES_IN_SECONDS).optional().openapi({
    description: 'Seconds from now after which it deletes itself: the other way to say expiresAt.',
    example: 7200,
  }),
};

/** Refuses members that the template decides. */
const fromTemplate = ['apiOnly', 'legacyApis', 'nodes', 'clock'] as const;

export const NewCluster = z
  .strictObject({
    name: Name,
    template: z
      .string()
      .optional()
      .openapi({
        description: `Id or name of a cluster that is a template: the new one is a fork of it, with its ${fromTemplate.join(', ')}.`,
      }),
    apiOnly: apiOnly.optional().openapi({ default: false }),
    legacyApis: legacyApis.optional().openapi({ default: false }),
    nodes: nodes.optional().openapi({ default: 3 }),
    clock: clock.optional().openapi({ default: 'real' }),
    port: port.optional(),
    labels: Labels.optional().openapi({ description: 'Absent: none, or those of the template.' }),
    isTemplate: isTemplate.default(false),
    ...ends,
  })
  .refine(...oneExpiry)
  .superRefine((request, context) => {
    for (const key of fromTemplate) {
      if (request.template === undefined || request[key] === undefined) continue;
      context.addIssue({ code: 'custom', path: [key], message: 'comes from the template' });
    }
    if (request.template === undefined || request.port === undefined) return;
    context.addIssue({ code: 'custom', path: ['port'], message: 'is given to a copy once it is made' });
  })
  .openapi('NewCluster', { example: { name: 'demo', nodes: 5, labels: { team: 'blue' }, expiresIn: 7200 } });

export const NewFork = z
  .strictObject({
    name: Name,
    labels: Labels.optional().openapi({ description: 'Absent: those of the source.' }),
    isTemplate: isTemplate.default(false),
    ...ends,
  })
  .refine(...oneExpiry)
  .openapi('NewFork', { example: { name: 'demo-copy', expiresIn: 7200 } });

export const ClusterChange = z
  .strictObject({
    name: Name.optional(),
    labels: LabelChange.optional(),
    isTemplate: isTemplate.optional(),
    port: port.nullable().optional().openapi({ description: 'A port of its own, or null: it has none.' }),
    expiresAt: Time.nullable().optional().openapi({ description: 'When it deletes itself; null: never.' }),
    expiresIn: ends.expiresIn,
  })
  .refine(({ expiresAt, expiresIn }) => expiresAt === undefined || expiresIn === undefined, oneExpiry[1])
  .refine((change) => Object.keys(change).length > 0, 'nothing is to be changed')
  .openapi('ClusterChange', {
    description: 'What is named is changed. Other things of a cluster stay as they were made.',
    example: { labels: { team: 'red', trial: null }, expiresAt: null },
  });

export const RestoreQuery = z.object({
  name: Name.optional().openapi({ description: 'Under which name it comes back; absent: its own.' }),
});

export const ClusterView = z
  .object({
    id: Ids.cluster,
    name: Name,
    state: z.enum(STATES).openapi({
      description:
        'creating: wait for it. suspended: it answers 503 until it is resumed. deleted: it can be restored until purgeAt.',
    }),
    apiOnly: z.boolean(),
    legacyApis: z.boolean(),
    nodes: z.int().openapi({ description: 'Virtual nodes that it was made with.', example: 3 }),
    clock,
    labels: Labels,
    isTemplate: z.boolean(),
    forkedFrom: Ids.cluster.optional().openapi({ description: 'Id of the cluster that it was copied from.' }),
    port: port.optional(),
    server: z.url().openapi({
      description: 'Base address of its Kubernetes API: of its own port or host name where it has one, else with a path.',
      example: 'https://localhost:8443/clusters/3ullta5rsudc2ewinjuwe3ouok',
    }),
    createdBy: Ids.creator.openapi({ description: 'Who made it.' }),
    createdAt: Time,
    updatedAt: Time,
    expiresAt: Time.optional().openapi({ description: 'When it deletes itself.' }),
    suspendedAt: Time.optional(),
    deletedAt: Time.optional(),
    purgeAt: Time.optional().openapi({ description: 'When it goes for good.' }),
  })
  .openapi('Cluster');

export const ClusterWithKubeconfig = ClusterView.extend({
  kubeconfig: z.string().openapi({
    description: 'A kubeconfig (JSON, which is YAML) with an administrator of the cluster.',
    example: '{"apiVersion": "v1", "kind": "Config", "clusters": [...]}',
  }),
}).openapi('ClusterWithKubeconfig');

/** Filters of a list. */
export const ClusterQuery = z.object({
  ...Page,
  state: z
    .enum([...STATES, 'all'])
    .optional()
    .openapi({ description: 'Absent: all but the deleted ones.' }),
  labels: z.string().max(SELECTOR_LENGTH).optional().openapi({
    description: 'Those with all these labels: `key=value`, or `key` for any value, separated by commas.',
    example: 'team=blue',
  }),
  namePrefix: z.string().max(NAME_LENGTH).optional().openapi({ description: 'Those whose name begins so.' }),
  isTemplate: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .openapi({ description: 'Those that are templates, or those that are not.' }),
});

/** Expected version of a cluster. */
export const IfMatch = z.object({
  'if-match': z.string().optional().openapi({
    description: 'The ETag of the version that you have seen: of another one nothing is changed.',
    example: '"3"',
  }),
});

/** Grace period of a deletion. */
export const DeleteQuery = z.object({
  grace: z.coerce
    .number()
    .int()
    .min(0)
    .max(GRACE_MAX_SECONDS)
    .optional()
    .openapi({
      description: `Seconds in which it can be restored; 0: it goes at once. Absent: ${GRACE_SECONDS}.`,
    }),
});
