import { PROBLEMS, type ProblemCode } from '../http/errors.ts';

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
