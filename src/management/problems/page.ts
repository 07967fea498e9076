import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../http/errors.ts';

/** Page of a code as Markdown, served at /v1/problems/CODE and stored in `docs/errors`. */
export function problemPage(code: ProblemCode, origin: string): string {
  const { status, title, explain, remedy, example } = PROBLEMS[code];
  const answer = { type: `${origin}/v1/problems/${code}`, title, status, code, detail: example };
  return `# ${title}

| code | status |
|---|---|
| \`${code}\` | ${status} |

## When

${explain}

## What to do

${remedy}

## An example

\`\`\`json
${JSON.stringify(answer, null, 2)}
\`\`\`
`;
}

/** Index of all codes with links to their pages. */
export const problemIndex = (): string => `# Refusals of the management API

Every refusal is a problem detail (RFC 9457, \`application/problem+json\`). Its \`code\` is stable; the words of \`title\` and \`detail\` are for people
and may change. \`type\` is the address of the code's page.

| code | status | |
|---|---|---|
${PROBLEM_CODES.map((code) => `| [\`${code}\`](${code}.md) | ${PROBLEMS[code].status} | ${PROBLEMS[code].title} |`).join('\n')}
`;
