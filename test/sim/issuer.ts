import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Pending } from '../../src/apiserver/attempt.ts';
import { isStream } from '../../src/apiserver/messages.ts';
import type { ApiRequest, ApiResponse } from '../../src/apiserver/server.ts';
import { ISSUER_KEYS_MS } from '../../src/authn/limits.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Answered, Question, Reply } from '../../src/lib/ask.ts';
import { seeded } from '../fixtures/prng.ts';
import { textOf } from '../fixtures/api.ts';
import { crash } from './faults.ts';
import { checkFresh } from './fresh.ts';
import { must } from './must.ts';
import type { World } from './world.ts';

const ISSUER = 'https://issuer.example.com';
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
const JWKS = `${ISSUER}/keys`;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const FAR = 4_000_000_000;
const CONFIGURATION = JSON.stringify({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthenticationConfiguration',
  jwt: [
    {
      issuer: { url: ISSUER, audiences: ['kubernetes'] },
      claimMappings: { username: { claim: 'sub', prefix: 'sso:' }, groups: { claim: 'groups', prefix: '' } },
    },
  ],
});

/** Keys that the issuer signs with one after the other, and that of a forger, which it never publishes. */
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEYS = Array.from({ length: 6 }, pair);
const FORGER = pair();

type Kind = 'good' | 'forged' | 'expired';

interface Waiting {
  kind: Kind;
  name: string;
  pending: Pending;
  /** The process that asked. */
  cluster: Cluster;
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const json = (value: unknown): Reply => ({ status: 200, body: JSON.stringify(value) });

function tokenOf(key: KeyObject, kid: string, exp: number): string {
  const claims = { iss: ISSUER, aud: 'kubernetes', sub: 'alice', groups: ['system:masters'], exp };
  const text = `${encoded({ alg: 'ES256', kid })}.${encoded(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/**
 * An issuer that the cluster trusts from time to time, and clients with tokens of it. Questions are answered late, wrongly, never, twice, for
 * another question, in another order, and after the trust has ended; processes die in between. Nobody is let in by a forged or expired token or
 * of an issuer that is not trusted, and nobody half.
 */
export class SimulatedIssuer {
  readonly #world: World;
  readonly #chance: () => number;
  #current = 0;
  #waiting: Waiting[] = [];
  #counter = 0;
  #isTrusted = true;
  /** Every lease that was acknowledged. */
  readonly #acknowledged = new Set<string>();

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#chance = seeded(seed ^ 0x155).next;
    world.host.cluster.authentication.set(CONFIGURATION);
  }

  #int(n: number): number {
    return Math.floor(this.#chance() * n);
  }

  /** Keys change, clients come, and some of the questions are answered. */
  step(): void {
    if (this.#chance() < 0.05) this.#current = (this.#current + 1) % KEYS.length;
    if (this.#chance() < (this.#isTrusted ? 0.03 : 0.3)) this.#configure(!this.#isTrusted);
    if (this.#chance() < 0.4) this.#begin((['good', 'good', 'forged', 'expired'] as const)[this.#int(4)]);
    // Of a process that died nobody waits for an answer.
    this.#waiting = this.#waiting.filter(({ cluster }) => cluster === this.#world.host.cluster);
    for (let i = this.#int(4); i > 0 && this.#waiting.length; i--) {
      const [waiting] = this.#waiting.splice(this.#int(this.#waiting.length), 1);
      // One in ten is never answered.
      if (this.#chance() < 0.1) continue;
      this.#answer(
        waiting,
        waiting.pending.questions.flatMap((question) => this.#replies(question)),
      );
    }
  }

  /** Trusts the issuer from now on, or nobody. */
  #configure(trusted: boolean): void {
    const { authentication } = this.#world.host.cluster;
    try {
      const set = authentication.set(trusted ? CONFIGURATION : undefined);
      must(!('refused' in set), () => `a configuration is refused: ${JSON.stringify(set)}`);
      this.#isTrusted = trusted;
    } catch (error) {
      if (!this.#world.disk.failed()) throw error;
      checkFresh(this.#world, 'a configuration');
    }
    must(authentication.trusted().length > 0 === this.#isTrusted, () => `the issuer is trusted: ${!this.#isTrusted}`);
  }

  #token(kind: Kind): string {
    const kid = `key-${this.#current}`;
    if (kind === 'good') return tokenOf(KEYS[this.#current].privateKey, kid, FAR);
    if (kind === 'expired') return tokenOf(KEYS[this.#current].privateKey, kid, 1000);
    return tokenOf(FORGER.privateKey, this.#chance() < 0.5 ? kid : `unknown-${this.#int(3)}`, FAR);
  }

  #begin(kind: Kind): void {
    const name = `issued-${this.#counter++}`;
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.#token(kind)}`,
      'content-type': 'application/json',
    };
    const request: ApiRequest = {
      method: 'POST',
      url: LEASES,
      header: (key) => headers[key] ?? null,
      headerNames: () => Object.keys(headers),
      body: JSON.stringify({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } }),
      now: this.#world.host.now,
    };
    const { cluster } = this.#world.host;
    this.#run(kind, name, () => cluster.handle(request));
  }

  #answer({ kind, name, pending, cluster }: Waiting, answers: Answered[]): void {
    this.#run(kind, name, () => cluster.answer(pending, answers, this.#world.host.now));
  }

  /** One run of a request: what it is answered, and that it is whole or nothing. */
  #run(kind: Kind, name: string, run: () => ApiResponse | Pending): number | undefined {
    const { host, disk } = this.#world;
    const { store } = host.cluster.registry;
    const before = store.revision();
    let answer: ApiResponse | Pending;
    try {
      answer = run();
    } catch (error) {
      if (!disk.failed()) throw error;
      checkFresh(this.#world, `${kind} token`);
      return undefined;
    }
    const written = store.revision() - before;
    if ('questions' in answer) {
      must(!written, () => `a request with a ${kind} token asks and wrote`);
      must(kind !== 'expired', () => 'a request with an expired token asks');
      this.#waiting.push({ kind, name, pending: answer, cluster: host.cluster });
      return undefined;
    }
    must(!isStream(answer), () => 'a lease is no stream');
    const { status } = answer;
    const text = 'body' in answer ? textOf(answer) : '';
    if (disk.failed()) return undefined;
    must(status === 201 || status === 401 || status === 504, () => `a ${kind} token was answered with ${status}: ${text}`);
    must(kind === 'good' || status !== 201, () => `a ${kind} token was let in`);
    must(this.#isTrusted || status !== 201, () => 'a token of an issuer that is not trusted was let in');
    must(
      status === 201 ? written === 1 : !written,
      () => `a ${kind} token was answered with ${status}, and wrote ${written} rows`,
    );
    if (status === 201) this.#acknowledge(name);
    return status;
  }

  #acknowledge(name: string): void {
    must(!this.#acknowledged.has(name), () => `${name} was created twice`);
    this.#acknowledged.add(name);
    const { store } = this.#world.host.cluster.registry;
    must(store.get('coordination.k8s.io/leases', 'default', name), () => `${name} was acknowledged, and is not there`);
  }

  /** What comes of a question: mostly the right answer, and sometimes a wrong one or several. */
  #replies(question: Question): Answered[] {
    const good: Answered = [question, this.#honest(question)];
    const hostile = { keys: [{ ...FORGER.publicKey.export({ format: 'jwk' }), kid: `key-${this.#current}`, alg: 'ES256' }] };
    const elsewhere: Answered = [{ ...question, url: `${question.url}?` }, json(hostile)];
    const wrong: Answered[] = [
      [question, { failed: 'it could not be reached' }],
      [question, { status: 503, body: 'down' }],
      [question, { status: 200, body: 'no JSON' }],
      [question, json({ issuer: 'https://evil.example.com', jwks_uri: 'https://evil.example.com/keys' })],
      [question, json({ keys: [{ ...pairOf(this.#int(KEYS.length)), kid: 'another' }] })],
    ];
    const odd = wrong[this.#int(wrong.length)];
    switch (this.#int(8)) {
      case 0:
        return [odd];
      case 1:
        return [good, odd];
      case 2:
        return [elsewhere, good, good];
      case 3:
        return [elsewhere];
      default:
        return [good];
    }
  }

  #honest({ url }: Question): Reply {
    if (url === DISCOVERY) return json({ issuer: ISSUER, jwks_uri: JWKS });
    must(url === JWKS, () => `the cluster asks ${url}`);
    return json({ keys: [{ ...pairOf(this.#current), kid: `key-${this.#current}`, use: 'sig', alg: 'ES256' }] });
  }

  /** Once the issuer answers rightly again, and some time is over, a good token is let in, also without another question; others are not. */
  heal(): void {
    const { host } = this.#world;
    this.#waiting = [];
    if (!this.#isTrusted) this.#configure(true);
    host.now += ISSUER_KEYS_MS;
    this.#finish('forged', 401);
    this.#finish('good', 201);
    crash(this.#world);
    this.#begin('good');
    must(!this.#waiting.length, () => 'a cluster that slept asks again for keys that it has');
    this.#finish('expired', 401);
    for (const name of this.#acknowledged) {
      must(host.cluster.registry.store.get('coordination.k8s.io/leases', 'default', name), () => `${name} is lost`);
    }
  }

  #finish(kind: Kind, wanted: number): void {
    const before = this.#acknowledged.size;
    this.#begin(kind);
    for (let rounds = 0; this.#waiting.length; rounds++) {
      must(rounds < 3, () => `a ${kind} token asks without end`);
      const [waiting] = this.#waiting.splice(0, 1);
      this.#answer(
        waiting,
        waiting.pending.questions.map((question) => [question, this.#honest(question)] as const),
      );
    }
    const letIn = this.#acknowledged.size > before;
    must(letIn === (wanted === 201), () => `after all is well a ${kind} token is ${letIn ? 'let in' : 'refused'}`);
  }
}

const pairOf = (n: number) => KEYS[n].publicKey.export({ format: 'jwk' });
