import { type Bearer, bearersOf } from './bearers.ts';
import { accountOf, isOurs, type Verdict, verdictOf } from './expected.ts';
import { furtherOf } from './further.ts';
import { type Address, addressesOf, requestTo, type Route } from './routes.ts';
import type { Schema } from './sample.ts';
import type { Tenants } from './tenants.ts';

const CODES: Record<number, string> = { 401: 'unauthenticated', 403: 'forbidden', 404: 'not-found' };
/** What may differ between two refusals. */
const UNIQUE_HEADERS = new Set(['x-request-id', 'date']);
const ORIGIN = 'https://atoll.test';

const OWNERS = new Set(['operator', 'session owner', 'session without account', 'token owner']);

export interface Reply {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** What one request came to: the reply, what was written to the database and what was asked of the objects. */
export interface Outcome extends Reply {
  written: boolean;
  asked: string[];
}

export interface Request {
  method: string;
  path: string;
  body?: string;
  type?: string;
  headers?: Record<string, string>;
}

/** Asks everybody at every door of the management API, each time in the same world: what a request wrote is undone after it. */
export class Doorman {
  readonly t: Tenants;
  readonly bearers: Bearer[];
  readonly #schemas: Record<string, Schema>;
  /** What was not as it must be. */
  readonly deviations: string[] = [];
  /** operationId -> somebody got through with success. */
  readonly reached = new Set<string>();
  cells = 0;
  #asked = 0;
  /** One bearer of so many is asked at each address. */
  readonly #every: number;

  constructor(t: Tenants, schemas: Record<string, Schema>, every = 1) {
    this.#every = every;
    this.t = t;
    this.#schemas = schemas;
    this.bearers = bearersOf(t);
  }

  /** All cells of one route. */
  async ask(route: Route): Promise<void> {
    const addresses = addressesOf(route, this.t);
    for (const address of addresses) for (const bearer of this.some()) await this.#cell(route, bearer, address);
  }

  /** Those whose turn it is, and always those who may open every door. */
  some(): Bearer[] {
    const shift = this.#asked++;
    return this.bearers.filter(({ label }, i) => (i + shift) % this.#every === 0 || OWNERS.has(label));
  }

  bearer(label: string): Bearer {
    const found = this.bearers.find((bearer) => bearer.label === label);
    if (!found) throw new Error(`no bearer ${label}`);
    return found;
  }

  async #cell(route: Route, bearer: Bearer, address: Address): Promise<void> {
    this.cells++;
    const of = accountOf(bearer, address.facts) === 'theirs' ? this.t.theirs : this.t.mine;
    const request = { method: route.method, ...requestTo(route, this.#schemas, this.t, address.values, of) };
    const outcome = await this.send(request, bearer);
    const say = (what: string) => {
      const shown = `${outcome.status} ${outcome.text.slice(0, 120)}`;
      this.deviations.push(`${route.operationId} | ${bearer.label} | ${address.label} | ${what} | ${shown}`);
    };
    const verdict = verdictOf(route, bearer, address.facts);
    if (verdict === 'in') await this.#inside(route, bearer, address, outcome, say);
    else await this.#refused(route, bearer, address, outcome, verdict, say);
    this.#leaks(route, bearer, address, request, outcome, say);
  }

  async #inside(route: Route, bearer: Bearer, address: Address, outcome: Outcome, say: (what: string) => void): Promise<void> {
    const { status } = outcome;
    const ok = status >= 200 && status < 400;
    if (ok) this.reached.add(route.operationId);
    if (route.guard.requires === 'public') return status < 500 ? undefined : say('failed');
    if (!isOurs(route, bearer, address.facts)) {
      return this.#refused(route, bearer, { ...address, twin: this.#without(address) }, outcome, 404, say);
    }
    const may = furtherOf(route, bearer, address);
    // What does not fit the present state is not refused at the door.
    if (may ? !may.includes(status) : !ok && status !== 409) say(may ? `must be ${may.join(' or ')}` : 'must be let in');
    if (!ok && outcome.written) say('something was written');
  }

  /** The same place, and nothing there. */
  #without({ values }: Address): Record<string, string> {
    const of = (name: string) => (name === 'account' || name === 'cluster' ? values[name] : this.t.ghost.things[name].id);
    return Object.fromEntries(Object.keys(values).map((name) => [name, of(name)]));
  }

  /** A refusal says its code and nothing else, changes nothing, and is that of what never was. */
  async #refused(
    route: Route,
    bearer: Bearer,
    address: Address,
    outcome: Outcome,
    verdict: Exclude<Verdict, 'in'>,
    say: (what: string) => void,
  ): Promise<void> {
    if (outcome.status !== verdict) return say(`must be ${verdict}`);
    if (!outcome.text.includes(`"code":"${CODES[verdict]}"`) && route.method !== 'head') say(`must be "${CODES[verdict]}"`);
    if (outcome.written) say('something was written');
    if (outcome.asked.length) say(`an object was asked: ${outcome.asked}`);
    if (!address.twin || verdict === 403) return;
    const request = { method: route.method, ...requestTo(route, this.#schemas, this.t, address.twin) };
    const twin = await this.send(request, bearer);
    if (face(outcome, address.values, address.twin) !== face(twin, {}, {})) say(`differs from what never was: ${twin.text}`);
  }

  /** Nobody reads of things that are not theirs: neither in a body nor in a header, whatever the status. */
  #leaks(route: Route, bearer: Bearer, address: Address, request: Request, outcome: Outcome, say: (what: string) => void): void {
    const { marks } = this.t;
    const sent = `${request.path} ${request.body ?? ''} ${Object.values(address.values).join(' ')}`;
    // A token of ours says which clusters it was made for, be they ours or not.
    const told = route.operationId === 'listTokens' ? outcome.text.replace(/"clusters":\[[^\]]*\]/g, '') : outcome.text;
    const text = `${told} ${JSON.stringify(outcome.headers)}`;
    // An invitation says where it leads.
    const invited = route.operationId === 'acceptInvitation' && outcome.status < 300;
    const hidden = [
      ...marks.secrets,
      ...(bearer.levels.leaving === undefined && bearer.is !== 'operator' ? marks.leaving : []),
      ...(bearer.levels.theirs === undefined && bearer.is !== 'operator' ? marks.theirs : []),
      ...(bearer.levels.mine === undefined && bearer.is !== 'operator' && !invited ? marks.mine : []),
      ...(bearer.reach && !bearer.reach.includes('far') ? marks.far : []),
    ];
    for (const mark of hidden) if (text.includes(mark) && !sent.includes(mark)) say(`tells of ${mark}`);
  }

  /** One request; the database is as before when it resolves. */
  async send(request: Request, bearer?: Bearer): Promise<Outcome> {
    const { world, asked } = this.t;
    const { raw } = world;
    asked.length = 0;
    const before = changes(raw);
    const noted = lastNote(raw);
    raw.exec('SAVEPOINT cell');
    try {
      const reply = await this.#fetch(request, bearer);
      await this.t.rest();
      const notes = this.#notes(noted, bearer);
      return { ...reply, written: changes(raw) - before !== notes, asked: [...asked] };
    } finally {
      raw.exec('ROLLBACK TO cell; RELEASE cell');
      await this.t.heal();
    }
  }

  /** How many notes the audit log took of the request: those in an account's own are of its own people's doings. */
  #notes(since: number, bearer: Bearer | undefined): number {
    const rows = this.t.world.raw.prepare('SELECT account_id AS account FROM audit WHERE id > ?').all(since);
    const own = Object.keys(bearer?.levels ?? {}).map((whose) => this.t[whose as 'mine'].account.id);
    if (bearer?.is === 'operator') own.push(...['mine', 'theirs', 'leaving'].map((whose) => this.t[whose as 'mine'].account.id));
    return rows.filter(({ account }) => account === null || own.includes(String(account))).length;
  }

  async #fetch({ method, path, body, type, headers }: Request, bearer?: Bearer): Promise<Reply> {
    const takesBody = method !== 'get' && method !== 'head';
    const answer = await this.t.world.app.request(`${ORIGIN}${path}`, {
      method: method.toUpperCase(),
      headers: {
        host: 'atoll.test',
        ...(bearer?.authorization !== undefined && { authorization: bearer.authorization }),
        ...(body !== undefined && takesBody && { 'content-type': type ?? 'application/json' }),
        ...bearer?.headers,
        ...headers,
      },
      ...(body !== undefined && takesBody && { body }),
    });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
  }
}

const changes = (raw: Tenants['world']['raw']): number => (raw.prepare('SELECT total_changes() AS n').get() as { n: number }).n;

const lastNote = (raw: Tenants['world']['raw']): number =>
  (raw.prepare('SELECT coalesce(max(id), 0) AS n FROM audit').get() as { n: number }).n;

/** A reply as it looks to somebody who asked for other names; what is unique to each reply is left out. */
export function face({ status, headers, text }: Reply, values: Record<string, string>, twin: Record<string, string>): string {
  const kept = Object.entries(headers).filter(([name]) => !UNIQUE_HEADERS.has(name) && name !== 'content-length');
  let out = JSON.stringify([status, kept, text]);
  for (const [name, value] of Object.entries(values)) out = out.replaceAll(value, twin[name] ?? value);
  return out;
}
