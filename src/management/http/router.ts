import { OpenAPIHono } from '@hono/zod-openapi';
import type { RouterRoute } from 'hono/types';
import { METHOD_NAME_ALL } from 'hono/router';
import type { Access, Principal } from './access.ts';
import type { ClusterRow } from '../clusters/rows.ts';
import { invalidity } from './invalid.ts';
import { Problem } from './errors.ts';

/** Variables that the middleware sets for a handler, after authentication and authorization. */
export type ManagementEnv = {
  Variables: {
    requestId: string;
    /** operationId of the route. */
    action?: string;
    /** Absent on public routes. */
    principal: Principal;
    /** On routes of an account. */
    access: Access;
    /** On routes of a cluster; selected by the principal's selector. */
    cluster: ClusterRow;
    /** Ids that a handler adds to the audit entry. */
    made?: Record<string, string>;
    /** Status of the audit entry that the handler wrote itself. */
    audited?: number;
  };
};

/** A Hono app whose validation failures are Problems like every other refusal. */
export function router(): OpenAPIHono<ManagementEnv> {
  return new OpenAPIHono<ManagementEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      throw new Problem('invalid-request', invalidity(result.error.issues));
    },
  });
}

/** Whether a path matches a route's pattern. */
const isAt = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`).test(path);

/** Refusal of a request without a route: 405 if the path has other methods, else 404. */
export function noRoute(routes: readonly RouterRoute[], { method, path }: { method: string; path: string }): Problem {
  const found = routes.filter((route) => route.method !== METHOD_NAME_ALL && isAt(route.path, path)).map((route) => route.method);
  if (found.length === 0) return new Problem('not-found', `no route ${method} ${path}`);
  const allow = [...new Set([...found, ...(found.includes('GET') ? ['HEAD'] : [])])].sort().join(', ');
  return new Problem('method-not-allowed', `${method} is not for ${path}: it takes ${allow}`, { allow });
}
