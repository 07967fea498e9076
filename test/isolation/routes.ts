import type { Guard } from '../../src/management/http/auth.ts';
import { documentOf } from '../../src/management/http/document.ts';
import { sample, type Schema } from './sample.ts';
import type { Holdings, Tenants, Thing } from './tenants.ts';

/** One route of the management API as its document tells it. */
export interface Route {
  operationId: string;
  method: string;
  /** With {parameters}. */
  path: string;
  guard: Guard;
  params: string[];
  query: { name: string; required: boolean; schema: Schema }[];
  body?: { type: string; schema: Schema };
}

interface Operation {
  operationId: string;
  'x-atoll-guard'?: Guard;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

/** Methods that an address may be asked with. */
export const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

/** Parameters of no tenant, and a value of each. */
const TENANTLESS: Record<string, string> = { code: 'not-found' };

/** Every route there is, and the schemas that their bodies refer to. A route without a guard is a hole in itself. */
export function routesOf(app: Parameters<typeof documentOf>[0]): { routes: Route[]; schemas: Record<string, Schema> } {
  const { paths, components } = documentOf(app) as Document;
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Route => {
      const { operationId, parameters = [], requestBody } = operation;
      const guard = operation['x-atoll-guard'];
      if (!guard) throw new Error(`${method} ${path} has no guard`);
      const [[type, content] = [undefined, undefined]] = Object.entries(requestBody?.content ?? {});
      return {
        operationId,
        method,
        path: path.replace(/\{(\w+)\}/g, (parameter, name) => TENANTLESS[name] ?? parameter),
        guard,
        params: parameters.filter((p) => p.in === 'path' && !(p.name in TENANTLESS)).map((p) => p.name),
        query: parameters
          .filter((p) => p.in === 'query')
          .map(({ name, required = false, schema }) => ({
            name,
            required,
            schema,
          })),
        ...(type !== undefined &&
          content && {
            body: {
              type,
              schema: content.schema,
            },
          }),
      };
    }),
  );
  return { routes, schemas: components?.schemas ?? {} };
}

/** How the things in an address are to be found: under which account, which cluster, which of the rest. */
export interface Address {
  /** What is peculiar about it, for messages. */
  label: string;
  /** By path parameter. */
  values: Record<string, string>;
  /** The same address with what never was in the place of what is peculiar. */
  twin?: Record<string, string>;
  facts: Facts;
}

/** What the model must know of an address. */
export interface Facts {
  account: 'mine' | 'self' | 'theirs' | 'leaving' | 'ghost';
  cluster: 'near' | 'far' | 'gone' | 'theirs' | 'ghost';
  byName: boolean;
  /** Whose the remaining parameters are; `far` means beneath another cluster of the account. */
  rest: 'mine' | 'far' | 'theirs' | 'ghost' | 'owners';
}

const PLAIN: Facts = { account: 'mine', cluster: 'near', byName: false, rest: 'mine' };
const RENAMED: Record<string, string> = { account: 'account' };

/** Every address that a route is tried at. */
export function addressesOf(route: Route, t: Tenants): Address[] {
  const { mine, theirs, leaving, ghost } = t;
  const rest = route.params.filter((name) => name !== 'account' && name !== 'cluster');
  for (const name of rest)
    if (!mine.things[name]) throw new Error(`{${name}} of ${route.path}: test/isolation/tenants.ts has none`);
  const at = (label: string, facts: Partial<Facts>, account: Thing | string, cluster: Thing | string, of: Holdings): Address => {
    const values: Record<string, string> = {};
    for (const name of route.params) {
      const found = name === 'account' ? account : name === 'cluster' ? cluster : of.things[RENAMED[name] ?? name];
      values[name] = typeof found === 'string' ? found : found.id;
    }
    return { label, values, facts: { ...PLAIN, ...facts } };
  };
  const has = (name: string) => route.params.includes(name);
  const plain = at('mine', {}, mine.account, t.near, mine);
  const out = [plain];
  const nothing = at(
    'nowhere',
    { account: 'ghost', cluster: 'ghost', rest: 'ghost' },
    ghost.account,
    ghost.things.cluster,
    ghost,
  );
  if (has('account')) {
    out.push(
      at('by "self"', { account: 'self' }, 'self', t.near, mine),
      {
        ...at(
          'all of another account',
          { account: 'theirs', cluster: 'theirs', rest: 'theirs' },
          theirs.account,
          theirs.things.cluster,
          theirs,
        ),
        twin: nothing.values,
      },
      {
        ...at(
          'all of a leaving account',
          { account: 'leaving', cluster: 'theirs', rest: 'theirs' },
          leaving.account,
          leaving.things.cluster,
          leaving,
        ),
        twin: nothing.values,
      },
      nothing,
      {
        ...at('upper case account', { account: 'ghost' }, mine.account.id.toUpperCase(), t.near, mine),
        twin: at('', {}, ghost.account, t.near, mine).values,
      },
    );
  }
  if (has('cluster')) {
    const noCluster = at('no cluster', { cluster: 'ghost' }, mine.account, ghost.things.cluster, mine);
    const noName = at('no name', { cluster: 'ghost' }, mine.account, ghost.things.cluster.name, mine);
    const by = (label: string, cluster: Thing | string, facts: Partial<Facts>) => ({
      ...at(label, facts, mine.account, cluster, mine),
      twin: (typeof cluster === 'string' ? noName : noCluster).values,
    });
    out.push(
      noCluster,
      by('by name', t.near.name, { byName: true }),
      by('far cluster', t.far, { cluster: 'far', rest: 'far' }),
      by('far cluster by name', t.far.name, { cluster: 'far', byName: true, rest: 'far' }),
      by('deleted cluster', t.gone, { cluster: 'gone', rest: 'far' }),
      by('deleted cluster by name', t.gone.name, { cluster: 'gone', byName: true, rest: 'far' }),
      by("another account's cluster", theirs.things.cluster, { cluster: 'theirs' }),
      by("another account's cluster by name", theirs.things.cluster.name, { cluster: 'theirs', byName: true }),
      by('a made-up id', forged(t.near.id), { cluster: 'ghost', byName: true }),
      by('upper case cluster', t.near.id.toUpperCase(), { cluster: 'ghost', byName: true }),
    );
  }
  if (rest.length) {
    const none = at('nothing there', { rest: 'ghost' }, mine.account, t.near, ghost);
    out.push(none, { ...at("another account's", { rest: 'theirs' }, mine.account, t.near, theirs), twin: none.values });
    if (!has('account') && rest.every((name) => t.owners[name])) {
      out.push({ ...at("the owner's own", { rest: 'owners' }, '', '', { ...mine, things: t.owners }), twin: none.values });
    }
    if (rest.includes('credential')) {
      const values = { ...none.values, credential: t.farCredential.id };
      out.push({ label: "another cluster's", facts: { ...PLAIN, rest: 'far' }, values, twin: none.values });
    }
  }
  return out;
}

/** An id whose proof is wrong. */
const forged = (id: string): string => `${id.slice(0, -1)}${id.endsWith('a') ? 'b' : 'a'}`;

/** A request that would be good if it were allowed. */
export function requestTo(
  route: Route,
  schemas: Record<string, Schema>,
  t: Tenants,
  values: Record<string, string>,
  /** Who has what the body names. */
  of: Holdings = t.mine,
) {
  const known = {
    cluster: of.things.cluster.id,
    person: of.things.person.id,
    invitationSecret: t.mine.invitationSecret,
    now: t.world.clock.now,
  };
  let path = route.path;
  for (const [name, value] of Object.entries(values)) path = path.replace(`{${name}}`, encodeURIComponent(value));
  const query = route.query
    .filter((q) => q.required)
    .map((q) => `${q.name}=${encodeURIComponent(String(sample(q.schema, schemas, known, q.name)))}`);
  if (query.length) path += `?${query.join('&')}`;
  const { body } = route;
  return { path, ...(body && { body: JSON.stringify(sample(body.schema, schemas, known, route.operationId)), type: body.type }) };
}
