import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { ApiRequest, ApiResponse, Pending } from '../../../src/apiserver/server.ts';
import { isStream } from '../../../src/apiserver/messages.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import type { Question, Reply } from '../../../src/lib/ask.ts';
import type { Obj } from '../../../src/lib/json.ts';
import type { StreamSpec } from '../../../src/lib/stream.ts';
import { textOf } from '../../fixtures/api.ts';
import { seeded } from '../../fixtures/prng.ts';
import { nodeCrypto } from '../../host/crypto.ts';
import { openSqlite } from '../../host/sqlite.ts';

export const ISSUER = 'https://issuer.example.com';
export const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
export const JWKS = `${ISSUER}/keys`;
export const START = Date.UTC(2026, 0, 1);
const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const REVIEW = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const rotated = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const jwk = (key: KeyObject, kid: string, more: Obj = {}) => ({
  ...key.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  ...more,
});
export const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

export function tokenOf(claims: Obj = {}, header: Obj = {}, key: KeyObject = rsa.privateKey): string {
  const now = START / 1000;
  const all = { iss: ISSUER, aud: 'kubernetes', sub: 'alice', groups: ['dev'], iat: now, exp: now + 7200, ...claims };
  return signed({ alg: 'RS256', kid: 'first', ...header }, all, key);
}

/** A token of these claims and no others. */
export function signed(header: Obj, claims: Obj, key: KeyObject = rsa.privateKey): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  const how = key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' as const } : { key };
  return `${text}.${sign('sha256', Buffer.from(text), how).toString('base64url')}`;
}

export const configured = (...jwt: Obj[]) =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt });

export const configuration = (more: Obj = {}, mappings: Obj = {}) =>
  configured({
    issuer: { url: ISSUER, audiences: ['kubernetes'] },
    claimMappings: { username: { claim: 'sub', prefix: 'sso:' }, groups: { claim: 'groups', prefix: 'sso:' }, ...mappings },
    ...more,
  });

export const json = (value: unknown): Reply => ({ status: 200, body: JSON.stringify(value) });

/** A cluster that trusts an issuer, and the issuer. */
export class TrustingCluster {
  /** What the issuer answers, by address. */
  documents: Record<string, Reply> = { [DISCOVERY]: json({ issuer: ISSUER, jwks_uri: JWKS }) };
  /** Addresses that were asked. */
  readonly asked: string[] = [];
  now = START;
  cluster: Cluster;
  readonly #platform;

  constructor() {
    const random = seeded(1);
    this.#platform = { sql: openSqlite(), random, crypto: nodeCrypto(random) };
    const options = { id: 'c', name: 'c', apiOnly: true, legacyApis: false, nodes: 0 };
    this.cluster = Cluster.create(this.#platform, options, this.now);
    this.cluster.authentication.set(configuration());
    this.keys(jwk(rsa.publicKey, 'first'), jwk(curve.publicKey, 'curve', { alg: 'ES256' }));
  }

  /** Sets the issuer's keys. */
  keys(...all: Obj[]): void {
    this.documents[JWKS] = json({ keys: all });
  }

  /** Everything in memory is gone. */
  wake(): void {
    this.cluster = Cluster.open(this.#platform) as Cluster;
  }

  answered({ url }: Question): Reply {
    return this.documents[url] ?? { failed: 'it could not be reached' };
  }

  /** Begins a watch, or the creation of an object. */
  begin(token: string, url = WHOAMI, body: Obj = REVIEW): ApiResponse | Pending {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const isWatch = url.includes('watch=true');
    const request: ApiRequest = {
      method: isWatch ? 'GET' : 'POST',
      url,
      header: (name) => headers[name] ?? null,
      headerNames: () => Object.keys(headers),
      body: isWatch ? '' : JSON.stringify(body),
      now: this.now,
    };
    return this.cluster.handle(request);
  }

  /** Answers questions until there is an answer. */
  finish(first: ApiResponse | Pending): ApiResponse {
    let answer = first;
    while ('questions' in answer) {
      const { questions } = answer;
      this.asked.push(...questions.map(({ url }) => url));
      const answers = questions.map((question) => [question, this.answered(question)] as const);
      answer = this.cluster.answer(answer, answers, this.now);
    }
    return answer;
  }

  /** Opens a watch, which can be resumed after a sleep. */
  watch(token: string) {
    const answer = this.finish(this.begin(token, '/api/v1/configmaps?watch=true'));
    if (!isStream(answer)) throw new Error(`no stream: ${answer.status}`);
    let { spec } = answer;
    const watch = { open: true, resume: () => void this.cluster.resume(spec, port) };
    const port = { send: () => {}, save: (saved: StreamSpec) => void (spec = saved), close: () => void (watch.open = false) };
    answer.open(port);
    return watch;
  }

  /** The user of a token, or the status of a refusal. */
  who(token: string): Obj | number {
    const answer = this.finish(this.begin(token));
    if (isStream(answer)) throw new Error('a stream');
    return answer.status === 201 ? JSON.parse(textOf(answer)).status.userInfo : answer.status;
  }
}
