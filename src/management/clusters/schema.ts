import { z } from '@hono/zod-openapi';
import { Created, Name } from '../shapes.ts';

export const NewCluster = z
  .strictObject({
    name: Name,
    apiOnly: z.boolean().default(false).openapi({ description: 'The API server alone: no controllers, scheduler or nodes.' }),
    legacyApis: z
      .boolean()
      .default(false)
      .openapi({ description: 'Advertise and accept the old API versions that the books use.' }),
  })
  .openapi('NewCluster');

export const ClusterView = z
  .object({
    id: z.string(),
    name: Name,
    apiOnly: z.boolean(),
    legacyApis: z.boolean(),
    server: z.url().openapi({ description: 'Base address of its Kubernetes API.' }),
    createdAt: Created,
  })
  .openapi('Cluster');

export const ClusterWithKubeconfig = ClusterView.extend({
  kubeconfig: z.string().openapi({ description: 'A kubeconfig (JSON, which is YAML) with an administrator of the cluster.' }),
}).openapi('ClusterWithKubeconfig');

export const ClusterList = z.object({ items: z.array(ClusterView) }).openapi('ClusterList');

export const Usage = z
  .object({
    rowsRead: z.int(),
    rowsWritten: z.int(),
    awakeMs: z.number(),
    databaseBytes: z.int(),
    watchers: z.int(),
  })
  .openapi('Usage', { description: 'What the cluster has cost since its object woke.' });
