import { OPERATOR } from '../unit/management/world.ts';
import { breaches } from '../unit/management/contract.ts';
import { addressesOf, type Route, routesOf } from '../isolation/routes.ts';
import { makeTenants, type Tenants } from '../isolation/tenants.ts';
import { Chance, garble, odd, TEXTS } from './chance.ts';
import { DEADLINE_MS, type Finding } from './cluster.ts';
import { disturb, type Schema, shaped } from './json.ts';
import { checkManagement } from './management-invariants.ts';

const ORIGIN = 'https://atoll.test';
const SHOWN = 500;
const DAY = 86_400_000;
const BEARERS = [
  'token owner',
  'token owner',
  'token owner',
  'session owner',
  'session owner',
  'session admin',
  'token of another account',
];

const LAST = new Set(['deleteAccount', 'deleteMe', 'deleteSessions', 'rotateSession', 'leaveAccount', 'transferAccount']);

export interface ManagementRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** Makes requests to the management API from its own document: mostly ones that could be meant. */
export class ManagementRequests {
  readonly #t: Tenants;
  readonly #chance: Chance;
  readonly #routes: Route[];
  readonly #schemas: Record<string, Schema>;
  readonly #bearers: readonly string[];
  readonly #gentle: boolean;
  /** Ids, names and cursors that answers told. */
  readonly seen: string[] = [];

  /** `one`: only the bearer of this label asks, and nothing ends its account or itself. */
  constructor(t: Tenants, chance: Chance, one?: string) {
    this.#bearers = one === undefined ? BEARERS : [one];
    this.#gentle = one !== undefined;
    this.#t = t;
    this.#chance = chance;
    const { routes, schemas } = routesOf(t.world.app);
    this.#routes = routes;
    this.#schemas = schemas as Record<string, Schema>;
  }

  next(): ManagementRequest {
    const chance = this.#chance;
    let route = chance.pick(this.#routes);
    // What ends everything ends the batch's interest too.
    while (LAST.has(route.operationId) && chance.maybe(this.#gentle ? 1 : 0.9)) route = chance.pick(this.#routes);
    const headers: Record<string, string> = {};
    const method = chance.maybe(0.97) ? route.method : chance.pick(['head', 'options', 'put', 'delete', 'post']);
    const path = this.#path(route) + this.#query(route);
    this.#headers(headers);
    const body = this.#body(route, headers);
    const sends = body !== undefined && method !== 'get' && method !== 'head';
    return { method: method.toUpperCase(), path, headers, ...(sends && { body }) };
  }

  #path(route: Route): string {
    const chance = this.#chance;
    // Of everything in an address most is of the account, so that requests get far.
    const all = addressesOf(route, this.#t);
    const { values } = chance.maybe(0.8) ? all[0] : chance.pick(all);
    let path = route.path;
    for (const [name, value] of Object.entries(values)) {
      const other = chance.maybe(0.06) ? chance.pick([...TEXTS, ...this.seen]) : value;
      path = path.replace(`{${name}}`, () => encodeURIComponent(other.toWellFormed()).slice(0, 3_000));
    }
    return chance.maybe(0.98)
      ? path
      : path.replace(/[a-z]/, (c) => chance.pick(['', '/', '%', `%${c}`, c.toUpperCase(), '\u00e9']));
  }

  #query(route: Route): string {
    const chance = this.#chance;
    const pairs: string[] = [];
    for (const { name, required, schema } of route.query) {
      if (!required && !chance.maybe(0.4)) continue;
      const value = chance.maybe(0.3)
        ? chance.pick([...TEXTS, ...this.seen])
        : String(shaped(schema as Schema, this.#schemas, chance));
      pairs.push(`${name}=${encodeURIComponent(value.toWellFormed())}`);
      if (chance.maybe(0.05)) pairs.push(`${name}=again`);
    }
    if (chance.maybe(0.05))
      pairs.push(chance.pick(['%', 'limit=x', 'limit=1', 'after=x', '__proto__=1', '=', 'a[b]=c', 'limit=1&limit=2']));
    return pairs.length ? `?${pairs.join('&')}` : '';
  }

  #headers(headers: Record<string, string>): void {
    const chance = this.#chance;
    const { secrets } = this.#t;
    const label = chance.maybe(0.9) ? chance.pick(this.#bearers) : chance.pick(Object.keys(secrets));
    const secret = chance.maybe(0.08) ? OPERATOR : secrets[label];
    if (!chance.maybe(0.02)) headers.authorization = `${chance.maybe(0.02) ? 'bearer ' : 'Bearer'} ${secret}`;
    if (chance.maybe(0.02)) headers.authorization = ascii(chance.pick(TEXTS));
    if (chance.maybe(0.3))
      headers['idempotency-key'] = chance.maybe(0.8) ? chance.pick(['a', 'b', 'c']) : ascii(chance.pick(TEXTS));
    if (chance.maybe(0.05)) headers.accept = ascii(chance.pick(TEXTS));
    if (chance.maybe(0.03)) headers['if-match'] = ascii(chance.pick([...TEXTS, '*', '""']));
    if (chance.maybe(0.02)) headers.origin = chance.pick([ORIGIN, 'null', 'https://evil.test']);
    if (chance.maybe(0.02)) headers['sec-fetch-site'] = chance.pick(['same-origin', 'cross-site', 'x']);
    if (chance.maybe(0.02)) headers.cookie = ascii(`__Host-atoll-session=${chance.pick(TEXTS)}`);
    if (chance.maybe(0.02)) headers['x-request-id'] = ascii(chance.pick(TEXTS));
  }

  #body({ body }: Route, headers: Record<string, string>): string | undefined {
    const chance = this.#chance;
    if (!body) return chance.maybe(0.05) ? JSON.stringify(odd(chance)) : undefined;
    headers['content-type'] = chance.maybe(0.97)
      ? body.type
      : chance.pick(['text/plain', '', 'application/json; charset=utf-16', 'multipart/form-data', 'x']);
    const value = shaped(body.schema as Schema, this.#schemas, chance);
    this.#name(value);
    if (chance.maybe(0.3)) disturb(value, chance);
    if (body.type.endsWith('urlencoded')) return new URLSearchParams(texts(value)).toString();
    const text = JSON.stringify(value) ?? '';
    return chance.maybe(0.1) ? garble(text, chance) : text;
  }

  /** Names and ids of this world in the place of made-up ones. */
  #name(value: unknown): void {
    const chance = this.#chance;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
    const object = value as Record<string, unknown>;
    const { near, far, mine } = this.#t;
    const known: Record<string, readonly unknown[]> = {
      name: ['a', 'b', 'c', near.name],
      clusters: [[near.id], [far.name, near.id]],
      cluster: [near.id, far.name],
      template: [near.id, far.name],
      from: [near.id],
      person: [mine.things.person.id],
      invitation: [mine.invitationSecret],
      secret: [mine.invitationSecret],
      expiresAt: ['2026-12-24T00:00:00Z', '2026-11-21T00:00:01Z', '2026-11-20T00:00:00Z'],
      nodes: [0, 1],
    };
    for (const [key, values] of Object.entries(known)) if (key in object && chance.maybe(0.8)) object[key] = chance.pick(values);
  }
}

const ascii = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '').trim();
const texts = (value: unknown): Record<string, string> =>
  value !== null && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]))
    : {};

/** One batch: a world of its own, so many requests, and after them what must hold. */
export async function fuzzManagement(
  seed: number,
  count: number,
  heard?: (status: number, request: ManagementRequest) => void,
): Promise<Finding[]> {
  const t = await makeTenants();
  const requests = new ManagementRequests(t, new Chance(seed));
  const findings: Finding[] = [];
  for (let index = 0; index < count; index++) {
    const request = requests.next();
    const note = (what: string) =>
      findings.push({
        seed,
        index,
        what,
        request: `${request.method} ${request.path.slice(0, SHOWN)} ${JSON.stringify(request.headers)} ${request.body?.slice(0, SHOWN) ?? ''}`,
      });
    const answer = await within(DEADLINE_MS, send(t, request));
    if (!answer) {
      note(`no answer within ${DEADLINE_MS} ms`);
      continue;
    }
    heard?.(answer.status, request);
    if (answer.status >= 500) note(`${answer.status} ${answer.text.slice(0, SHOWN)}`);
    if (request.method !== 'HEAD')
      for (const breach of breaches(t.world.app, { method: request.method, url: `${ORIGIN}${request.path}` }, answer))
        note(`not as the document says: ${breach}`);
    for (const [, told] of answer.text.matchAll(/"(?:id|next|name)":"([^"]+)"/g))
      if (requests.seen.length < 100) requests.seen.push(told);
  }
  const last = { seed, index: count, request: 'after the batch' };
  try {
    await t.rest();
    await t.world.pass(2 * DAY);
    checkManagement(t);
  } catch (error) {
    findings.push({
      ...last,
      what: error instanceof Error ? `${error.message} ${error.stack?.split('\n').slice(1, 4).join(' ')}` : String(error),
    });
  }
  return findings;
}

async function send(t: Tenants, { method, path, headers, body }: ManagementRequest) {
  const all = { host: 'atoll.test', ...headers };
  const request = new Request(`${ORIGIN}${path}`, {
    method,
    headers: all,
    ...(body !== undefined && { body }),
  });
  const answer = await t.world.app.fetch(request);
  const { status, headers: told } = answer;
  return { status, headers: told, type: told.get('content-type') ?? '', text: await answer.text() };
}

/** What a promise resolves to, if it does in time. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
