import type { RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { Problem } from './errors.ts';

/** Media type of a body, without parameters. */
const essence = (header: string): string => header.split(';')[0].trim().toLowerCase();

/** Refuses a body of a type that the route does not take, and a missing one unless it is optional. */
export function typed({ content, required }: NonNullable<NonNullable<RouteConfig['request']>['body']>): MiddlewareHandler {
  const types = Object.keys(content);
  return async (c, next) => {
    const header = c.req.header('content-type');
    const isThere = required === true || header !== undefined || c.req.raw.body !== null;
    if (isThere && !types.includes(essence(header ?? ''))) {
      const found = header === undefined ? 'the body has no type' : `the body is "${essence(header)}"`;
      throw new Problem('unsupported-media-type', `${found}: send ${types.join(' or ')}`);
    }
    await next();
  };
}
