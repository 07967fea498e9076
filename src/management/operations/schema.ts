import { z } from '@hono/zod-openapi';
import { Ids, Time } from '../http/shapes.ts';
import { OPERATION_STATES, OPERATION_TYPES } from './tables.ts';

export const Operation = z
  .object({
    id: Ids.operation,
    type: z.enum(OPERATION_TYPES),
    target: Ids.cluster.openapi({ description: 'Id of what it is about.' }),
    state: z.enum(OPERATION_STATES),
    done: z.int().openapi({ description: 'Steps done so far.', example: 1200 }),
    total: z.int().openapi({ description: 'Steps that there are; 0: not known yet.', example: 5000 }),
    error: z.string().optional().openapi({ description: 'Why it failed.' }),
    createdAt: Time,
    updatedAt: Time,
  })
  .openapi('Operation', { description: 'Long work, and how far it is.' });
