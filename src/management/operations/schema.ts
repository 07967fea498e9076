import { z } from '@hono/zod-openapi';
import { Time } from '../shapes.ts';
import { OPERATION_STATES, OPERATION_TYPES } from './tables.ts';

export const Operation = z
  .object({
    id: z.string(),
    type: z.enum(OPERATION_TYPES),
    target: z.string().openapi({ description: 'Id of what it is about.' }),
    state: z.enum(OPERATION_STATES),
    done: z.int().openapi({ description: 'Steps done so far.' }),
    total: z.int().openapi({ description: 'Steps that there are; 0: not known yet.' }),
    error: z.string().optional().openapi({ description: 'Why it failed.' }),
    createdAt: Time,
    updatedAt: Time,
  })
  .openapi('Operation', { description: 'Long work, and how far it is.' });
