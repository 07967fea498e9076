import { OpenAPIHono } from '@hono/zod-openapi';
import type { Access, Principal } from './access.ts';
import type { ClusterRow } from './clusters/rows.ts';
import { Problem } from './errors.ts';

/** What the middleware leaves for a route: by then it is known who asks, and that they may. */
export type ManagementEnv = {
  Variables: {
    requestId: string;
    /** Absent on public routes. */
    principal: Principal;
    /** On routes of an account. */
    access: Access;
    /** On routes of a cluster: within reach of whoever asks. */
    cluster: ClusterRow;
    /** What a handler tells the audit log beside the address: ids of what it made or did. */
    made?: Record<string, string>;
  };
};

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
