import type { z } from '@hono/zod-openapi';

type Issue = z.core.$ZodIssue;

/** Beginnings of zod's own messages; others are the schemas' words. */
const OWN = /^(?:Invalid|Too|Unrecognized) /;

function bound(
  issue: { origin: string; inclusive?: boolean | undefined },
  limit: bigint | number,
  side: 'most' | 'least',
): string {
  if (issue.origin !== 'number' && issue.origin !== 'int')
    return `has at ${side} ${limit} ${issue.origin === 'string' ? 'characters' : 'entries'}`;
  return issue.inclusive === false ? `is ${side === 'most' ? 'less' : 'more'} than ${limit}` : `is at ${side} ${limit}`;
}

function wordsOf(issue: Issue): string {
  switch (issue.code) {
    case 'too_big':
      return bound(issue, issue.maximum, 'most');
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1 ? 'is empty' : bound(issue, issue.minimum, 'least');
    case 'invalid_type':
      return issue.message.endsWith('received undefined') ? 'is missing' : `is no ${issue.expected}`;
    case 'invalid_format':
      return issue.format === 'email' ? 'is no e-mail address' : `is no ${issue.format}`;
    case 'invalid_value':
      return `is one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'is no key';
    case 'unrecognized_keys':
      return `has no field ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
    default:
      return issue.message;
  }
}

/** A sentence about the first thing that is wrong with a request, with the path of its field. */
export function invalidity([issue]: Issue[]): string {
  const words = OWN.test(issue.message) ? wordsOf(issue) : issue.message;
  const path = issue.path.join('.');
  return path ? `${path}: ${words}` : words;
}
