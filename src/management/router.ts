import { OpenAPIHono } from '@hono/zod-openapi';
import { Problem } from './errors.ts';

/** What the middleware leaves for a route. */
export type ManagementEnv = { Variables: { accountId: string } };

/** A Hono app whose validation failures are Problems like every other refusal. */
export function router(): OpenAPIHono<ManagementEnv> {
  return new OpenAPIHono<ManagementEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const [issue] = result.error.issues;
      const path = issue.path.join('.');
      throw new Problem('invalid-request', path ? `${path}: ${issue.message}` : issue.message);
    },
  });
}
