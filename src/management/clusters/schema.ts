import { z } from '@hono/zod-openapi';
import { NODES_PER_CLUSTER } from '../limits.ts';
import { Labels, Name, Time } from '../shapes.ts';
import { STATES } from './tables.ts';

export const NewCluster = z
  .strictObject({
    name: Name,
    apiOnly: z.boolean().default(false).openapi({ description: 'The API server alone: no controllers, scheduler or nodes.' }),
    legacyApis: z
      .boolean()
      .default(false)
      .openapi({ description: 'Advertise and accept the old API versions that the books use.' }),
    nodes: z.int().min(0).max(NODES_PER_CLUSTER).default(3).openapi({ description: 'Virtual nodes to begin with.' }),
    labels: Labels.default({}),
  })
  .openapi('NewCluster');

export const ClusterView = z
  .object({
    id: z.string(),
    name: Name,
    state: z.enum(STATES),
    apiOnly: z.boolean(),
    legacyApis: z.boolean(),
    nodes: z.int(),
    labels: Labels,
    server: z.url().openapi({ description: 'Base address of its Kubernetes API.' }),
    createdAt: Time,
  })
  .openapi('Cluster');

export const ClusterWithKubeconfig = ClusterView.extend({
  kubeconfig: z.string().openapi({ description: 'A kubeconfig (JSON, which is YAML) with an administrator of the cluster.' }),
}).openapi('ClusterWithKubeconfig');

export const Usage = z
  .object({
    rowsRead: z.int(),
    rowsWritten: z.int(),
    awakeMs: z.number(),
    databaseBytes: z.int(),
    watchers: z.int(),
  })
  .openapi('Usage', { description: 'What the cluster has cost since its object woke.' });
