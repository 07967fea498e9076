import { z } from '@hono/zod-openapi';
import { PROBLEM_CODES } from './errors.ts';
import { EXPIRES_IN_SECONDS, LABELS, NAME_LENGTH, PAGE_MAX, ROTATION_OVERLAP_SECONDS } from '../limits.ts';

/** Names are DNS labels, so that they fit contexts, files and host names. */
export const Name = z
  .string()
  .max(NAME_LENGTH)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower-case letters, digits and "-", beginning and ending with a letter or digit')
  .openapi({ example: 'demo' });

const id = (example: string) => z.string().openapi({ example });

/** Ids, each with an example. */
export const Ids = {
  account: id('6f1c63ab-9d0e-4d35-8a53-0c5f7be2d1a4'),
  cluster: id('3ullta5rsudc2ewinjuwe3ouok'),
  token: id('b5d7f0a2-6b1e-4c86-9c05-51c0f5d0a7e3'),
  person: id('0304e56a-2aca-4716-b7ef-93a99e5e0730'),
  invitation: id('c2a9b8e4-1d4f-4b7a-8f0b-2d6f3a1e9c57'),
  session: id('986619a8-051a-4fe7-b704-e05dd6cd9202'),
  credential: id('e7c1d2f3-84b5-4a96-b7c8-d9e0f1a2b3c4'),
  operation: id('1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed'),
  request: id('4a7e2c11-90f3-4a55-8c1e-6f0b7d2e3a98'),
  /** Creator reference. */
  creator: id('person:0304e56a-2aca-4716-b7ef-93a99e5e0730'),
};

/** A time. */
export const Time = z.iso.datetime().openapi({ example: '2026-11-21T12:00:00.000Z' });

/** ms per second. */
export const MS = 1000;

/** Expiry: a time, or seconds from now. */
export const expiry = {
  expiresAt: Time.optional().openapi({ description: 'When it stops to work; absent: never.' }),
  expiresIn: z.int().min(1).max(EXPIRES_IN_SECONDS).optional().openapi({
    description: 'Seconds from now after which it stops to work: the other way to say expiresAt.',
    example: 900,
  }),
};
type Expiry = { expiresAt?: string | undefined; expiresIn?: number | undefined };

/** For `refine`: at most one member of `expiry`. */
export const oneExpiry: [(request: Expiry) => boolean, { message: string; path: string[] }] = [
  ({ expiresAt, expiresIn }) => expiresAt === undefined || expiresIn === undefined,
  { message: 'either expiresAt or expiresIn', path: ['expiresIn'] },
];

/** Requested expiry, ms since the epoch. */
export const expiryOf = (now: number, { expiresAt, expiresIn }: Expiry): number | undefined => {
  if (expiresIn !== undefined) return now + expiresIn * MS;
  return expiresAt === undefined ? undefined : Date.parse(expiresAt);
};

/** Time that a rotated secret stays valid beside the new one. */
export const overlapSeconds = z.int().min(0).max(ROTATION_OVERLAP_SECONDS).default(0).openapi({
  description: 'Seconds for which the old secret still works; 0: it is dead at once.',
});

const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9_./]{0,61}[A-Za-z0-9])?$/;

/** Labels of a cluster, with the syntax of Kubernetes labels. */
export const Labels = z
  .record(z.string().regex(LABEL, 'is no label key'), z.string().regex(LABEL, 'is no label value').or(z.literal('')))
  .refine((labels) => Object.keys(labels).length <= LABELS, `at most ${LABELS} labels`)
  .openapi({ example: { team: 'blue' } });

/** Label patch: merged; null removes a label. */
export const LabelChange = z
  .record(z.string().regex(LABEL, 'is no label key'), z.string().regex(LABEL, 'is no label value').or(z.literal('')).nullable())
  .refine((labels) => Object.keys(labels).length <= 2 * LABELS, `at most ${2 * LABELS} labels`)
  .openapi({ description: 'Merged into those that are there; null takes one away.', example: { team: 'red', trial: null } });

/** Problem body of a refusal. */
export const ProblemBody = z
  .object({ type: z.url(), title: z.string(), status: z.int(), code: z.enum(PROBLEM_CODES), detail: z.string() })
  .openapi('Problem', { description: 'A refusal, as RFC 9457. `type` is the address of a page that explains the code.' });

/** Headers of an answer, described by name. */
export const headers = (words: Record<string, string>) => ({
  headers: Object.fromEntries(
    Object.entries(words).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  ),
});

/** A JSON answer. */
export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** A required JSON request body. */
export const body = <T extends z.ZodType>(schema: T) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

/** Query of a paged list. */
export const Page = {
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX).openapi({ description: 'Entries of a page.' }),
  after: z.string().optional().openapi({ description: '`next` of the page before.' }),
};

/** Answer of a paged list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().optional().openapi({ description: 'Give it as `after` for the next page; absent: this is the last.' }),
  });

/** Formats ms since the epoch for answers. */
export const iso = (ms: number): string => new Date(ms).toISOString();
