import { z } from '@hono/zod-openapi';
import { html } from 'hono/html';
import type { ManagementDeps } from '../deps.ts';
import { Problem, PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../http/errors.ts';
import { headersOf, page, words } from '../people/pages.ts';
import { router } from '../http/router.ts';
import { defineRoute } from '../http/route.ts';
import { problemPage } from './page.ts';

const isCode = (text: string): text is ProblemCode => (PROBLEM_CODES as string[]).includes(text);

/** /v1/problems/{code}: the URL in `type` of a refusal. */
export function problemRoutes(deps: ManagementDeps) {
  const show = defineRoute(
    deps,
    { requires: 'public' },
    {
      method: 'get',
      path: '/problems/{code}',
      summary: 'What a code of a refusal means',
      description: 'When it is answered and what to do about it: as a page for browsers, else as Markdown.',
      operationId: 'showProblem',
      tags: ['problems'],
      request: { params: z.object({ code: z.string().openapi({ description: 'The code.', example: 'not-found' }) }) },
      responses: {
        200: {
          description: 'The page',
          content: {
            'text/markdown': { schema: z.string().openapi({ example: problemPage('not-found', 'https://localhost:8443') }) },
            'text/html': { schema: z.string() },
          },
        },
      },
      refuses: ['not-found'],
    },
  );
  return router().openapi(show, async (c) => {
    const { code } = c.req.valid('param');
    if (!isCode(code)) throw new Problem('not-found', 'there is no such code');
    const origin = deps.url ?? new URL(c.req.url).origin;
    if (!c.req.header('accept')?.includes('text/html')) {
      return c.body(problemPage(code, origin), 200, { 'content-type': 'text/markdown; charset=utf-8' });
    }
    const nonce = deps.crypto.token(16);
    const { title, status, explain, remedy } = PROBLEMS[code];
    const content = html`${words(`${code}, ${status}`)}${words(explain)}${words(remedy)}`;
    return c.body(String(await page(nonce, title, content)), 200, headersOf(nonce));
  });
}
