import { OpenAPIHono } from '@hono/zod-openapi';
import type { RouterRoute } from 'hono/types';
import { METHOD_NAME_ALL } from 'hono/router';
import type { Access, Principal } from './access.ts';
import type { ClusterRow } from '../clusters/rows.ts';
import { Problem } from './errors.ts';

/** What the middleware leaves for a route: by then it is known who asks, and that they may. */
export type ManagementEnv = {
  Variables: {
    requestId: string;
    /** operationId of the route. */
    action?: string;
    /** Absent on public routes. */
    principal: Principal;
    /** On routes of an account. */
    access: Access;
    /** On routes of a cluster: within reach of whoever asks. */
    cluster: ClusterRow;
    /** What a handler tells the audit log beside the address: ids of what it made or did. */
    made?: Record<string, string>;
    /** The status with which the audit log has this request already. */
    audited?: number;
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

/** Whether an address is one that a route's pattern stands for. */
const isAt = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`).test(path);

/** The refusal of a request that no route takes: the address has other methods, or there is nothing. */
export function noRoute(routes: readonly RouterRoute[], { method, path }: { method: string; path: string }): Problem {
  const found = routes.filter((route) => route.method !== METHOD_NAME_ALL && isAt(route.path, path)).map((route) => route.method);
  if (found.length === 0) return new Problem('not-found', `no route ${method} ${path}`);
  const allow = [...new Set([...found, ...(found.includes('GET') ? ['HEAD'] : [])])].sort().join(', ');
  return new Problem('method-not-allowed', `${method} is not for ${path}: it takes ${allow}`, { allow });
}
