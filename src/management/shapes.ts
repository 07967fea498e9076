import { z } from '@hono/zod-openapi';
import { PROBLEM_CODES } from './errors.ts';
import { NAME_LENGTH } from './limits.ts';

/** What names look like: DNS labels, so that they can stand in contexts, files and host names. */
export const Name = z
  .string()
  .max(NAME_LENGTH)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and "-", beginning and ending with a letter or digit')
  .openapi({ example: 'demo' });

/** When something was made. */
export const Created = z.iso.datetime().openapi({ example: '2026-11-21T12:00:00.000Z' });

const ProblemBody = z
  .object({ type: z.string(), title: z.string(), status: z.int(), code: z.enum(PROBLEM_CODES), detail: z.string() })
  .openapi('Problem', { description: 'A refusal, as RFC 9457.' });

/** The answer of every route when it refuses. */
export const refusals = {
  default: { description: 'A refusal', content: { 'application/problem+json': { schema: ProblemBody } } },
};

/** A JSON answer. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** A JSON request body, always needed. */
export const body = <T extends z.ZodType>(schema: T) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

export const security = [{ bearer: [] }];
