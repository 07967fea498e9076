import { z } from '@hono/zod-openapi';
import { AUDIT_EVENTS_PER_PAGE } from '../limits.ts';
import { Ids, Page, Time } from '../http/shapes.ts';

/** Whole milliseconds, or a time as in answers. */
const Moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .optional();

export const AuditWindow = {
  from: Moment.openapi({ type: 'string', format: 'date-time', description: 'Not before.' }),
  to: Moment.openapi({ type: 'string', format: 'date-time', description: 'Not after.' }),
};

export const AuditRequestQuery = z.object({
  ...AuditWindow,
  ...Page,
  order: z.enum(['asc', 'desc']).default('desc').openapi({ description: 'desc: the newest first.' }),
});

/** Query of a cluster's log, paged by events. */
export const EventsQuery = z.object({
  ...AuditWindow,
  after: z
    .string()
    .regex(/^\d{1,15}\.\d{1,15}$/, 'is not from the Link of a page before')
    .optional()
    .openapi({ description: 'Where the page before ended: its header Link with rel="next" has it.' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(AUDIT_EVENTS_PER_PAGE)
    .default(AUDIT_EVENTS_PER_PAGE)
    .openapi({ description: 'Events of a page, at most.' }),
});

export const AuditEntry = z
  .object({
    id: z.int().openapi({ example: 1207 }),
    at: Time,
    accountId: Ids.account.optional().openapi({ description: 'Absent: it is of no account.' }),
    actor: z
      .object({
        type: z.enum(['person', 'token', 'operator']),
        id: Ids.person,
        name: z.string().openapi({ example: 'alice@example.com' }),
      })
      .openapi({ description: 'Who asked.' }),
    action: z.string().openapi({ description: 'operationId of the route.', example: 'createCluster' }),
    target: z.record(z.string(), z.string()).openapi({
      description: 'What it was about: parameters of the address, and the id of what was made.',
      example: { account: '6f1c63ab-9d0e-4d35-8a53-0c5f7be2d1a4', id: '3ullta5rsudc2ewinjuwe3ouok', name: 'demo' },
    }),
    status: z.int().openapi({ description: 'How it was answered.', example: 201 }),
    requestId: Ids.request,
  })
  .openapi('AuditEntry');

/** A Policy of audit.k8s.io/v1; the cluster parses it, as kube-apiserver does. */
export const AuditPolicy = z
  .looseObject({
    apiVersion: z.literal('audit.k8s.io/v1'),
    kind: z.literal('Policy'),
    rules: z.array(z.looseObject({ level: z.enum(['None', 'Metadata', 'Request', 'RequestResponse']) })).min(1),
  })
  .openapi('AuditPolicy', { example: { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] } });

export const AuditPolicySetView = z
  .object({
    policy: AuditPolicy.openapi({ description: 'The policy in force.' }),
    warnings: z
      .array(z.string().openapi({ example: 'unknown field "spec"' }))
      .openapi({ description: 'Fields that are not known, and were left out.' }),
  })
  .openapi('AuditPolicyInForce');
