import { createHash, createHmac } from 'node:crypto';
import { type Level, LEVELS, type Role, ROLES } from '../../src/management/http/access.ts';
import { accounts, invitations, members } from '../../src/management/accounts/tables.ts';
import { audit } from '../../src/management/audit/tables.ts';
import { makeClusterId } from '../../src/management/clusters/id.ts';
import { clusters, credentials } from '../../src/management/clusters/tables.ts';
import { operations } from '../../src/management/operations/tables.ts';
import { people, sessions, signIns } from '../../src/management/people/tables.ts';
import { tokens } from '../../src/management/tokens/tables.ts';
import { usage } from '../../src/management/usage/tables.ts';
import { makeSecret, PREFIXES, type SecretPrefix } from '../../src/lib/secrets.ts';
import { seeded } from '../fixtures/prng.ts';
import { makeManagement } from '../unit/management/world.ts';

const HOUR = 3_600_000;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const random = seeded(4242);
const entropy = (bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, () => Math.floor(random.next() * 256))).toString('base64url');
const secretOf = (prefix: SecretPrefix) => makeSecret(prefix, { token: entropy });

/** One thing that an address can name: its id, and the name where it has one. */
export interface Thing {
  id: string;
  name: string;
}

/** What one account has, under the names of the path parameters that mean it. */
export interface Holdings {
  account: Thing;
  things: Record<string, Thing>;
  /** Secrets that are no bearer tokens of the API, but might be tried as such. */
  invitationSecret: string;
  clusterCredential: string;
}

export interface Tenants {
  world: ReturnType<typeof makeManagement>;
  /** What was asked of the clusters' objects since it was last emptied. */
  asked: string[];
  /** Resolves when what goes on after the answers is done. */
  rest(): Promise<void>;
  /** The clusters that were asked to change are again as they were at first. */
  heal(): Promise<void>;
  /** Whose principals most are. */
  mine: Holdings;
  /** Somebody else's. */
  theirs: Holdings;
  /** Being deleted. */
  leaving: Holdings;
  /** What never was, in the form of what might be. */
  ghost: Holdings;
  /** Clusters of mine: within the confined tokens' reach, not within it, deleted and restorable. */
  near: Thing;
  far: Thing;
  gone: Thing;
  /** In `far`: of the same account, under another cluster. */
  farCredential: Thing;
  /** What belongs to the person of the bearer "session owner" alone. */
  owners: Record<string, Thing>;
  secrets: Record<string, string>;
  /** Texts that nobody outside of the account may ever read; `far` is that of the confined. */
  marks: { mine: string[]; theirs: string[]; leaving: string[]; far: string[]; secrets: string[] };
}

type World = ReturnType<typeof makeManagement>;
type Of = { id: string; accountId: string };

/** What of the objects' methods changes nothing. */
const READS = new Set(['auditPolicy', 'authentication', 'audit', 'usage']);
const POLICY = JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] });
const AUTHENTICATION = JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: [] });

/** A port that notes what is asked of the objects, whatever methods it has. */
const overheard = (clusters: () => World['clusters'], asked: string[]): World['clusters'] =>
  new Proxy({} as World['clusters'], {
    get: (_, name: keyof World['clusters']) => {
      const port = clusters();
      const method = port[name];
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) => {
        asked.push(`${name} ${JSON.stringify(args[0])}`);
        return (method as (...args: unknown[]) => unknown).apply(port, args);
      };
    },
  });

const cluster = (row: Of & { name: string; labels: Record<string, string> }, now: number, deleted = false) => ({
  ...row,
  apiOnly: true,
  legacyApis: false,
  nodes: 0,
  createdAt: now,
  updatedAt: now,
  ...(deleted && { state: 'deleted' as const, deletedAt: now, purgeAt: now + HOUR }),
});

/** Fills a world row by row, past the API: what the API refuses must not decide what the attacker finds. */
class Seeder {
  readonly under: PromiseLike<unknown>[] = [];
  readonly asked: string[] = [];
  readonly world: World = makeManagement({
    hosts: ['atoll.test'],
    background: (work) => void this.under.push(work),
    clusters: overheard(() => this.world.clusters, this.asked),
  });
  readonly secrets: Record<string, string> = {};
  readonly #now = this.world.clock.now;
  /** What each cluster was given, to be given again. */
  readonly furniture = new Map<string, () => Promise<void>>();

  get db() {
    return this.world.db;
  }

  uuid(): string {
    return random.uuid();
  }

  secret(name: string, prefix: SecretPrefix): string {
    const made = secretOf(prefix);
    this.secrets[name] = made;
    return made;
  }

  async person(name: string, of: { accountId: string; role: Role }[]): Promise<string> {
    const id = this.uuid();
    const email = `${name}@people.test`;
    await this.db.insert(people).values({ id, issuer: 'https://issuer.test', subject: name, email, name, createdAt: this.#now });
    for (const { accountId, role } of of) {
      await this.db.insert(members).values({ accountId, personId: id, role, createdAt: this.#now - HOUR });
    }
    return id;
  }

  /** A session; `secret` undefined: one that nobody has. */
  async session(personId: string, secret: string, expiresAt = this.#now + 1000 * HOUR): Promise<string> {
    const id = this.uuid();
    await this.db.insert(sessions).values({
      id,
      personId,
      name: `zz-device-${id.slice(0, 8)}`,
      hash: sha256(secret),
      hint: secret.slice(0, 11),
      createdAt: this.#now - HOUR,
      lastUsedAt: this.#now,
      expiresAt,
    });
    return id;
  }

  async token(name: string, accountId: string, more: Partial<typeof tokens.$inferInsert> = {}): Promise<Thing> {
    const id = this.uuid();
    const made = this.secret(name, PREFIXES.token);
    const row = {
      id,
      accountId,
      name: `zz-${name.replace(/[^a-z]+/g, '-')}`,
      hash: sha256(made),
      hint: made.slice(0, 10),
      scope: 'owner' as const,
    };
    await this.db.insert(tokens).values({ ...row, createdAt: this.#now - HOUR, lastUsedAt: this.#now, ...more });
    return { id, name: row.name };
  }

  async cluster(name: string, accountId: string, labels: Record<string, string>, deleted = false): Promise<Thing> {
    const id = this.clusterId();
    await this.db.insert(clusters).values(cluster({ id, accountId, name, labels }, this.#now, deleted));
    const first = { id: this.uuid(), username: `zz-first-of-${name}`, role: 'admin' as const };
    await this.furnish(id, async () => {
      this.world.clusters.forget(id);
      await this.world.clusters.create({ id, name, apiOnly: true, legacyApis: false, nodes: 0, clock: 'virtual' }, first);
      await this.world.clusters.setAuditPolicy(id, POLICY);
      await this.world.clusters.setAuthentication(id, AUTHENTICATION);
    });
    return { id, name };
  }

  /** Does something to a cluster, now and whenever it must be as it was. */
  async furnish(id: string, how: () => Promise<void>): Promise<void> {
    const before = this.furniture.get(id);
    this.furniture.set(id, async () => {
      await before?.();
      await how();
    });
    await how();
  }

  clusterId(): string {
    return makeClusterId(random, (text) => createHmac('sha256', 'secret').update(text).digest('hex'));
  }

  async credential(of: Thing, label: string): Promise<Thing & { secret: string }> {
    const [id, name] = [this.uuid(), `zz-credential-${label}`];
    let secret = '';
    await this.furnish(of.id, async () => {
      const issued = await this.world.clusters.issue(of.id, { id, username: `zz-user-${label}`, role: 'view' });
      if (issued === undefined) throw new Error(`no cluster ${of.name}`);
      secret ||= issued;
    });
    const row = { clusterId: of.id, id, name, username: `zz-user-${label}`, role: 'view' as const, hint: secret.slice(0, 11) };
    await this.db.insert(credentials).values({ ...row, createdBy: 'operator', createdAt: this.#now });
    return { id, name, secret };
  }

  async operation({ id: target, name }: Thing, accountId: string): Promise<Thing> {
    const id = this.uuid();
    const row = { id, accountId, type: 'fork-cluster' as const, target, state: 'running' as const, done: 1, total: 2 };
    await this.db.insert(operations).values({ ...row, createdAt: this.#now, updatedAt: this.#now });
    return { id, name: `zz-operation-${name}` };
  }

  /** One of everything in an account. `label` marks every text of it. */
  async account(label: string, deletedAt?: number): Promise<Holdings> {
    const now = this.#now;
    const account = { id: this.uuid(), name: `zz-account-${label}` };
    await this.db.insert(accounts).values({ ...account, createdAt: now, ...(deletedAt !== undefined && { deletedAt }) });
    const accountId = account.id;
    const person = await this.person(`zz-person-${label}`, [{ accountId, role: 'member' }]);
    const session = await this.session(person, secretOf(PREFIXES.session));
    const made = await this.cluster(`zz-cluster-${label}`, accountId, { team: 'blue' });
    const invitationSecret = secretOf(PREFIXES.invitation);
    const invitation = { id: this.uuid(), name: `zz-invited-${label}@people.test` };
    await this.db.insert(invitations).values({
      id: invitation.id,
      accountId,
      email: label === 'mine' ? null : invitation.name,
      role: 'viewer',
      hash: sha256(invitationSecret),
      createdBy: `person:${person}`,
      createdAt: now,
      expiresAt: now + 1e3 * HOUR,
    });
    const operation = await this.operation(made, accountId);
    await this.db
      .insert(usage)
      .values({ clusterId: made.id, accountId, hour: now - HOUR, requests: 1, writes: 1, bytes: 1, awakeMs: 1000 });
    await this.db.insert(audit).values({
      at: now,
      accountId,
      actor: {
        type: 'person',
        id: person,
        name: `zz-person-${label}`,
      },
      action: 'createCluster',
      target: { cluster: made.id },
      status: 201,
      requestId: `zz-request-${label}`,
    });
    const credential = await this.credential(made, label);
    const things: Record<string, Thing> = {
      cluster: made,
      person: { id: person, name: `zz-person-${label}` },
      session: { id: session, name: `zz-session-${label}` },
      token: await this.token(`token-${label}`, accountId),
      credential,
      invitation,
      operation,
    };
    return { account, things, invitationSecret, clusterCredential: credential.secret };
  }
}

/** Two organisations with one of everything each, one that is being deleted, and every sort of bearer. */
export async function makeTenants(): Promise<Tenants> {
  const seeder = new Seeder();
  const { world, secrets } = seeder;
  const mine = await seeder.account('mine');
  const theirs = await seeder.account('theirs');
  const leaving = await seeder.account('leaving', world.clock.now - HOUR);
  const accountId = mine.account.id;
  const far = await seeder.cluster('zz-cluster-far', accountId, { team: 'red' });
  const farCredential = await seeder.credential(far, 'far');
  const farOperation = await seeder.operation(far, accountId);
  const gone = await seeder.cluster('zz-cluster-gone', accountId, { team: 'blue' }, true);
  const owners = await principals(seeder, { mine, theirs, leaving });
  const ghost = ghostOf(seeder, mine);
  const near = mine.things.cluster;
  const { asked, furniture } = seeder;
  const known = [...Object.values(secrets), mine.invitationSecret, theirs.invitationSecret, theirs.clusterCredential];
  return {
    rest: async () => void (await Promise.all(seeder.under.splice(0))),
    heal: async () => {
      const changed = asked.some((call) => !READS.has(call.split(' ')[0]));
      for (const id of world.clusters.databases.keys()) if (!furniture.has(id)) world.clusters.forget(id);
      for (const [id, furnish] of furniture) if (changed && asked.some((call) => call.includes(id))) await furnish();
    },
    world,
    asked,
    mine,
    theirs,
    leaving,
    ghost,
    near,
    far,
    gone,
    farCredential,
    owners,
    secrets,
    marks: {
      mine: marksOf(mine),
      theirs: marksOf(theirs),
      leaving: marksOf(leaving),
      far: [far.id, far.name, farCredential.id, farCredential.name, farOperation.id],
      secrets: [...known, ...known.map(sha256)],
    },
  };
}

const marksOf = ({ account, things }: Holdings): string[] =>
  [account, ...Object.values(things)].flatMap(({ id, name }) => [id, name]);

function ghostOf(seeder: Seeder, like: Holdings): Holdings {
  const ghost = (name: string, thing: Thing): [string, Thing] => [
    name,
    { id: name === 'cluster' ? seeder.clusterId() : seeder.uuid(), name: thing.name.replace('mine', 'ghost') },
  ];
  return {
    account: ghost('account', like.account)[1],
    things: Object.fromEntries(Object.entries(like.things).map(([name, thing]) => ghost(name, thing))),
    invitationSecret: secretOf(PREFIXES.invitation),
    clusterCredential: secretOf(PREFIXES.credential),
  };
}

async function principals(
  seeder: Seeder,
  o: { mine: Holdings; theirs: Holdings; leaving: Holdings },
): Promise<Record<string, Thing>> {
  const owners: Record<string, Thing> = {};
  const { mine, theirs, leaving } = o;
  const { now } = seeder.world.clock;
  const accountId = mine.account.id;
  for (const role of ROLES) {
    const id = await seeder.person(`zz-${role}`, [{ accountId, role }]);
    const session = await seeder.session(id, seeder.secret(`session ${role}`, PREFIXES.session));
    if (role === 'owner') owners.session = { id: session, name: '' };
    if (role === 'owner') await seeder.session(id, seeder.secret('session expired', PREFIXES.session), now);
    if (role === 'viewer') await seeder.token("a viewer's token of an owner's scope", accountId, { personId: id });
  }
  const both = await seeder.person('zz-both', [
    { accountId, role: 'owner' },
    { accountId: theirs.account.id, role: 'viewer' },
    { accountId: leaving.account.id, role: 'owner' },
  ]);
  await seeder.session(both, seeder.secret('session of two accounts', PREFIXES.session));
  const stranger = await seeder.person('zz-stranger', [{ accountId: theirs.account.id, role: 'owner' }]);
  await seeder.session(stranger, seeder.secret('session of another account', PREFIXES.session));
  const alone = await seeder.person('zz-alone', []);
  await seeder.session(alone, seeder.secret('session without account', PREFIXES.session));
  seeder.secret('session signed out', PREFIXES.session);
  for (const scope of LEVELS) await seeder.token(`token ${scope}`, accountId, { scope });
  const confined = async (name: string, scope: Level, reach: object) => seeder.token(name, accountId, { scope, ...reach });
  const near = [mine.things.cluster.id];
  await confined('token confined to a cluster', 'owner', { clusters: near });
  await confined('token confined to a cluster, read', 'read', { clusters: near });
  await confined('token confined by labels', 'owner', { labels: { team: 'blue' } });
  await confined('token confined to a cluster of another account', 'owner', { clusters: [theirs.things.cluster.id] });
  await seeder.token('token expired', accountId, { expiresAt: now });
  await seeder.token('token of another account', theirs.account.id);
  await seeder.token('token of a leaving account', leaving.account.id);
  await seeder.token('token of somebody who left', accountId, { personId: alone });
  seeder.secret('token revoked', PREFIXES.token);
  const former = (name: string, formerUntil: number) => ({
    formerHash: sha256(seeder.secret(name, PREFIXES.token)),
    formerUntil,
  });
  await seeder.token('token rotated', accountId, former('token rotated, the former within its overlap', now + HOUR));
  await seeder.token('token rotated long ago', accountId, former('token rotated, the former after its overlap', now));
  await signIn(seeder, now);
  return owners;
}

/** A device that waits for its person. */
async function signIn(seeder: Seeder, now: number): Promise<void> {
  const device = seeder.secret('device', PREFIXES.device);
  await seeder.db.insert(signIns).values({
    id: seeder.uuid(),
    deviceHash: sha256(device),
    userCode: 'ZZZZ-ZZZZ',
    name: 'zz-device',
    status: 'pending',
    createdAt: now,
    expiresAt: now + HOUR,
  });
}
