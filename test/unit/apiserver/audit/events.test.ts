import { settle } from '../../../host/settle.ts';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isStream } from '../../../../src/apiserver/messages.ts';
import type { Obj } from '../../../../src/lib/json.ts';
import { readPolicy } from '../../../../src/apiserver/audit/policy.ts';
import { AuditRules } from '../../../../src/apiserver/audit/rules.ts';
import { ApiFixture, atOnce } from '../../../fixtures/api.ts';
import { makeCluster } from '../../../host/make-cluster.ts';

interface Asked {
  name: string;
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: Obj | string;
  as?: string | null;
  status: number;
  stages: string[];
  event: Obj;
}

/** What a real kube-apiserver 1.36.3 wrote at level RequestResponse, request by request: its stages, and the last event. */
const golden: Asked[] = JSON.parse(readFileSync(new URL('../../../golden/audit/events.json', import.meta.url), 'utf8'));
const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n';
/** Upstream cannot encode a patch that is no JSON, and loses every event after the first. */
const LOST_UPSTREAM = new Set(['bad-patch', 'apply-yaml']);
/** What the server answers differs here, not what the log makes of it. */
const OTHERWISE: Record<string, string> = {
  'create-namespace': 'the phase of a new namespace is set after admission',
  token: 'a TokenRequest has no managedFields',
  'alice-allowed-path': 'of several bindings that allow it, another is named',
  'impersonate-forbidden': 'impersonation is not constrained',
};
const NOISE = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'time',
  'expirationTimestamp',
  'token',
]);

/** Blanks what differs from run to run. */
function normal(value: unknown, key = ''): unknown {
  if (NOISE.has(key) && value) return `<${key}>`;
  if (typeof value === 'string') return value.replace(/\b(gen|kube-api-access)-[a-z0-9]{5}\b/g, '$1-xxxxx');
  if (Array.isArray(value)) return value.map((item) => normal(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, normal(v, k)]));
}

/** Credentials of ours have no uid, and extra that names them. */
function comparable({ user, ...event }: Obj): unknown {
  return normal({ ...event, user: { username: user.username, groups: user.groups } });
}

describe('events', () => {
  const { cluster, token, now: start } = makeCluster({ apiOnly: true });
  const log = cluster.audit;
  log.setPolicy(POLICY);
  const alice = cluster.credentials.issue('alice', { user: { username: 'alice', groups: ['devs', 'system:authenticated'] } });
  const tokens: Record<string, string> = { admintoken: token, alicetoken: alice };
  let now = start;

  /** One request as a shell hands it in, and what the log tells of it. */
  function ask({ method, url, headers, body, as = 'admintoken' }: Asked): { status: number; events: Obj[] } {
    now += 1000;
    const all: Record<string, string> = { accept: 'application/json', 'user-agent': 'golden' };
    if (as) all.authorization = `Bearer ${tokens[as] ?? as}`;
    if (body !== undefined) all['content-type'] = 'application/json';
    Object.assign(all, headers);
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = atOnce(
      cluster.handle({
        method,
        url,
        header: (name) => all[name] ?? null,
        headerNames: () => Object.keys(all),
        body: text,
        now,
        remote: '127.0.0.1',
      }),
    );
    if (isStream(answer)) {
      const session = answer.open({ send: () => undefined, save: () => undefined, close: () => undefined });
      cluster.closed(session, now);
    }
    settle(cluster, now);
    const page = log.read({ limit: 1000 }, now);
    const lines = page.lines.split('\n').filter(Boolean);
    return { status: answer.status, events: lines.map((line) => JSON.parse(line)) };
  }

  let told = 0;
  it.each(golden.map((asked) => [asked.name, asked] as const))('[AUDIT8] are those of the reference: %s', (name, asked) => {
    const { status, events } = ask(asked);
    const mine = events.slice(told);
    told = events.length;
    expect(status).toBe(asked.status);
    const stages = mine.map((event) => event.stage);
    if (LOST_UPSTREAM.has(name)) {
      expect(stages).toEqual(['RequestReceived', 'ResponseComplete']);
      return;
    }
    expect(stages).toEqual(asked.stages);
    const { kind, apiVersion, level, requestReceivedTimestamp, ...last } = mine.at(-1) as Obj;
    for (const name of ['auditID', 'stage', 'stageTimestamp']) delete last[name];
    if (!asked.event.responseObject) delete last.responseObject;
    expect(Date.parse(requestReceivedTimestamp)).toBe(now);
    expect([kind, apiVersion, level]).toEqual(['Event', 'audit.k8s.io/v1', 'RequestResponse']);
    if (asked.name in OTHERWISE) return;
    expect(comparable(last)).toEqual(comparable(asked.event));
  });
});

describe('[AUDIT12] bodies in events keep the digits that were sent', () => {
  const APPLY = 'application/apply-patch+yaml';
  const PODS = '/api/v1/namespaces/default/pods';
  /** An audited API server whose `sent` returns the last event of a request as text: JSON.parse would lose digits. */
  function auditedApi() {
    const events: string[] = [];
    const { policy } = readPolicy(POLICY);
    const api = new ApiFixture({
      audit: { rules: new AuditRules(policy), keep: (text) => void events.push(text), begin: () => '' },
    });
    const sent = (...request: Parameters<ApiFixture['ask']>): { status: number; event: string } => {
      const { status } = api.ask(...request);
      return { status, event: events.at(-1) as string };
    };
    return { api, sent };
  }

  it.each([
    [
      'application/merge-patch+json',
      '{"spec":{"a":9007199254740995,"b":2.0,"c":1e3}}',
      '{"spec":{"a":9007199254740995,"b":2.0,"c":1e3}}',
    ],
    [
      'application/json-patch+json',
      '[{"op":"test","path":"/x","value":9007199254740995}]',
      '[{"op":"test","path":"/x","value":9007199254740995}]',
    ],
    [APPLY, '{"spec":{"a":9007199254740995,"b":2.0}}', '{"spec":{"a":9007199254740995,"b":2.0}}'],
    [APPLY, 'spec:\n  a: 9007199254740995\n  b: yes\n', '{"spec":{"a":9007199254740995,"b":true}}'],
  ])('in a patch: %s %s', (type, body, kept) => {
    const { sent } = auditedApi();
    const { event } = sent('PATCH', `${PODS}/a?fieldManager=m`, body, { 'content-type': type });
    expect(event).toContain(`"requestObject":${kept},`);
  });

  it('in the options of a deletion as YAML', () => {
    const { sent } = auditedApi();
    const { event } = sent('DELETE', `${PODS}/a`, 'gracePeriodSeconds: 9007199254740993\n', {
      'content-type': 'application/yaml',
    });
    expect(event).toContain('"gracePeriodSeconds":9007199254740993');
  });

  it('in an answer as YAML or on several lines', () => {
    const { api, sent } = auditedApi();
    const jobs = '/apis/batch/v1/namespaces/default/jobs';
    const template = '{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}';
    const job = `{"metadata":{"name":"big"},"spec":{"activeDeadlineSeconds":9007199254740995,"template":${template}}}`;
    expect(api.ask('POST', jobs, job).status).toBe(201);
    const forms: Record<string, string>[] = [{ accept: 'application/yaml' }, { 'user-agent': 'curl/8' }];
    for (const headers of forms) {
      const { event } = sent('GET', `${jobs}/big`, undefined, headers);
      expect(event).toContain('"activeDeadlineSeconds":9007199254740995');
    }
  });

  it('leaves out a patch whose aliases blow up', () => {
    const { sent } = auditedApi();
    const levels = [...'bcdefg'].map((name, i) => `${name}: &${name} [${Array(10).fill(`*${'abcdef'[i]}`)}]`);
    const { status, event } = sent('PATCH', `${PODS}/a?fieldManager=m`, ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...levels].join('\n'), {
      'content-type': APPLY,
    });
    expect(status).toBe(400);
    expect(event).not.toMatch(/requestObject|truncated/);
  });
});
