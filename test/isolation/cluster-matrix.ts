import {
  type Ask,
  asksOf,
  furnished,
  MARK,
  OTHER,
  pathsOf,
  type Reply,
  secretMark,
  send,
  TEAM,
  unservedAsksOf,
} from './cluster.ts';
import { mayDo, type Verdict, verdictOf } from './rbac.ts';
import { type User, usersOf } from './users.ts';

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
const FORBIDDEN = / cannot [a-z]* (resource|path) /;
const UNIQUE_HEADERS = new Set(['audit-id', 'date']);
const secretsOf = (namespace: string): Ask => ({
  method: 'GET',
  path: `/api/v1/namespaces/${namespace}/secrets`,
  verb: 'list',
  group: '',
  resource: 'secrets',
  subresource: '',
  namespace,
  name: '',
  isResource: true,
  present: true,
});

/** Asks everybody for everything that a cluster serves. What they may do they do as a dry run, so that the cluster stays as it is. */
export class ClusterDoorman {
  readonly host = furnished(11);
  readonly users: User[] = usersOf(this.host, furnished(12), furnished(13));
  readonly deviations: string[] = [];
  cells = 0;
  #asked = 0;
  /** Texts that a user may not read, by user. */
  readonly #hidden = new Map<User, string[]>();
  #nobody: string | undefined;
  /** One cell of so many is asked, another one in each row. */
  readonly #every: number;

  constructor(every = 1) {
    this.#every = every;
    for (const user of this.users) {
      const hidden = [TEAM, OTHER].filter(
        (ns) => user.is !== 'user' || user.mayNotBe !== undefined || !mayDo(user, secretsOf(ns)),
      );
      this.#hidden.set(
        user,
        hidden.flatMap((ns) => [secretMark(ns), btoa(secretMark(ns))]),
      );
    }
  }

  /** All requests, by the group and version that they are of. */
  groups(): [string, Ask[]][] {
    const groups = this.host.cluster.registry.kinds
      .groups()
      .flatMap(({ name, versions }) =>
        versions.map(({ version, resources }): [string, Ask[]] => [
          name ? `${name}/${version}` : version,
          resources.flatMap((resource) => asksOf(name, version, resource)),
        ]),
      );
    const { kinds } = this.host.cluster.registry.kinds;
    return [
      ...groups,
      ['a group that is not served', kinds.flatMap((kind) => unservedAsksOf(kind))],
      ['paths that are no resources', pathsOf(this.host)],
    ];
  }

  ask(ask: Ask): void {
    const before = this.state();
    // The rows are shifted against each other, so that every user meets every verb of some kind.
    const shift = this.#asked++;
    for (const [i, user] of this.users.entries()) if ((i + shift) % this.#every === 0) this.#cell(user, ask);
    if (this.state() !== before) this.deviations.push(`${ask.method} ${ask.path} | somebody wrote`);
  }

  #cell(user: User, ask: Ask): void {
    this.cells++;
    const verdict = verdictOf(user, ask);
    const query = verdict === 'in' && WRITES.has(ask.verb) ? 'dryRun=All' : ask.query;
    const before = this.#revision();
    const reply = send(this.host, { ...ask, ...(query !== undefined && { query }) }, user.headers);
    const say = (what: string) =>
      this.deviations.push(
        `${ask.method} ${ask.path}${query ? `?${query}` : ''} | ${user.label} | ${what} | ${reply.status} ${reply.text.slice(0, 160)}`,
      );
    if (this.#revision() !== before) say('something was written');
    if (verdict === 'in') this.#inside(ask, reply, say);
    else this.#refused(user, ask, reply, verdict, say);
    const text = `${reply.text}${JSON.stringify(reply.headers)}`;
    for (const mark of this.#hidden.get(user) ?? []) if (text.includes(mark)) say(`tells of ${mark}`);
  }

  #inside(ask: Ask, reply: Reply, say: (what: string) => void): void {
    if (reply.status === 401 || (reply.status === 403 && FORBIDDEN.test(reply.text))) say('must be let in');
    if (ask.present && !ask.subresource && reply.status !== 200 && this.#offers(ask)) say('must be answered');
  }

  /** Whether the kind has the verb at all. */
  #offers({ group, resource, verb, path }: Ask): boolean {
    const version = path.split('/')[group ? 3 : 2];
    const found = this.host.cluster.registry.kinds.served(group, version, resource);
    return found !== undefined && (!found.kind.verbs || found.kind.verbs.includes(verb as 'get'));
  }

  #refused(user: User, ask: Ask, reply: Reply, verdict: Exclude<Verdict, 'in'>, say: (what: string) => void): void {
    if (reply.status !== verdict) return say(`must be ${verdict}`);
    if (reply.text.includes(MARK)) say('tells of the object');
    if (verdict === 401) {
      // All that are unknown hear the same words, whatever they ask for.
      this.#nobody ??= face(reply);
      if (face(reply) !== this.#nobody) say('differs from other unknown ones');
      return;
    }
    if (user.mayNotBe !== undefined && !reply.text.includes(user.mayNotBe.replaceAll('"', '\\"')))
      say(`must say: ${user.mayNotBe}`);
    if (ask.twin === undefined) return;
    const twin = send(this.host, { ...ask, path: ask.twin }, user.headers);
    const [present, missing] = [last(ask.path, ask.subresource), last(ask.twin, ask.subresource)];
    if (face(reply).replaceAll(present, missing) !== face(twin)) say(`differs from what never was: ${twin.text}`);
  }

  #revision(): number {
    return this.host.cluster.registry.store.revision();
  }

  /** All that lies in the cluster's database, but for the notes about requests themselves. */
  state(): string {
    const { sql } = this.host;
    const tables = sql.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
    const counts = tables
      .filter(({ name }) => !NOTES.has(name))
      .map(({ name }) => `${name} ${sql.all<{ n: number }>(`SELECT count(*) AS n FROM "${name}"`)[0].n}`);
    return `${this.#revision()} ${counts}`;
  }
}

/** Tables that tell of requests, refused ones too. */
const NOTES = new Set(['audit', 'usage']);

const last = (path: string, subresource: string): string => path.split('/').at(subresource ? -2 : -1) as string;

const face = ({ status, headers, text }: Reply): string =>
  JSON.stringify([status, Object.entries(headers).filter(([name]) => !UNIQUE_HEADERS.has(name)), text]);
