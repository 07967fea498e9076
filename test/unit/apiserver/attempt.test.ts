import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../../src/apiserver/audit/policy.ts';
import { AuditRules } from '../../../src/apiserver/audit/rules.ts';
import { isStream } from '../../../src/apiserver/messages.ts';
import { ATTEMPT_MS, ATTEMPT_ROUNDS } from '../../../src/apiserver/limits.ts';
import type { ApiResponse, Pending } from '../../../src/apiserver/server.ts';
import type { Ask, Question, Reply } from '../../../src/lib/ask.ts';
import type { Obj } from '../../../src/lib/json.ts';
import type { Admission } from '../../../src/registry/ports.ts';
import { ApiFixture, atOnce, textOf } from '../../fixtures/api.ts';
import { forbiddenError } from '../../../src/api/machinery/status-errors.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const OK: Reply = { status: 200, body: '{}' };

/** A validating webhook in its plainest form: it is asked about the very object, and a 403 of it refuses. */
const webhook = (ask: Ask): Admission => ({
  mutate: () => {},
  review: ({ kind, object, warn, annotate, operation }) => {
    if (kind.resource !== 'configmaps') return;
    warn?.('asking');
    annotate?.('asked', 'yes');
    const { name, uid } = object?.metadata ?? {};
    const reply = ask({
      method: 'POST',
      url: 'https://hooks.example.com/',
      body: JSON.stringify([operation, name, uid, object?.data]),
    });
    if ('failed' in reply || reply.status === 403) {
      throw forbiddenError({ group: '', resource: 'configmaps' }, name ?? '', 'failed' in reply ? reply.failed : 'denied');
    }
  },
});

/** An API server whose admission asks a webhook, and which counts the requests that pass its filters. */
function askingApi() {
  const counted = { requests: 0 };
  const lines: Obj[] = [];
  const rules = new AuditRules(readPolicy('apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n').policy);
  const api = new ApiFixture({
    admission: webhook,
    limits: { request: () => void counted.requests++, watch: () => {} },
    audit: { rules, keep: (text) => void lines.push(JSON.parse(text)), begin: () => '' },
  });
  const pending = (answer: ApiResponse | Pending): Pending => {
    if (!('questions' in answer)) throw new Error(`no question: ${answer.status}`);
    return answer;
  };
  const create = (metadata: Obj) => pending(api.begin('POST', CONFIG_MAPS, { metadata }));
  const answer = (to: Pending, reply: Reply, question: Question = to.questions[0], now = api.now) =>
    api.server.answer(to, [[question, reply]], now);
  const done = (response: ApiResponse | Pending) => {
    const one = atOnce(response);
    return { status: one.status, headers: one.headers, body: JSON.parse(isStream(one) ? '{}' : textOf(one)) as Obj };
  };
  return { api, counted, lines, create, answer, done, pending };
}

describe('[API40] a request that asks others', () => {
  it('leaves nothing, asks, and is answered with the object that was asked about', () => {
    const { api, counted, lines, create, answer, done } = askingApi();
    const before = api.registry.store.revision();
    const pending = create({ generateName: 'a-' });
    expect(api.registry.store.revision()).toBe(before);
    const [, name, uid] = JSON.parse(pending.questions[0].body ?? '');
    const { status, headers, body } = done(answer(pending, OK));
    expect([status, body.metadata.name, body.metadata.uid]).toEqual([201, name, uid]);
    expect(headers.warning).toBe('299 - "asking"');
    expect(counted.requests).toBe(1);
    expect(lines.map(({ stage, annotations }) => [stage, annotations?.asked])).toEqual([
      ['RequestReceived', undefined],
      ['ResponseComplete', 'yes'],
    ]);
  });

  it('gives the same result for the same answers, and a refusal is one', () => {
    const { create, answer, done, api } = askingApi();
    const refused = done(answer(create({ name: 'a' }), { status: 403, body: '' }));
    expect([refused.status, refused.body.message]).toEqual([403, 'configmaps "a" is forbidden: denied']);
    expect(api.registry.object('configmaps', 'default', 'a')).toBeUndefined();
    const failed = done(answer(create({ name: 'a' }), { failed: 'nobody there' }));
    expect(failed.body.message).toBe('configmaps "a" is forbidden: nobody there');
  });

  it('takes no answer to another question for its own, and no second answer', () => {
    const { create, answer, done, pending } = askingApi();
    const first = create({ name: 'a' });
    const again = pending(answer(first, OK, { ...first.questions[0], body: '["CREATE","a"]' }));
    expect(again.questions).toEqual(first.questions);
    const both = done(answer(again, OK));
    expect(both.status).toBe(201);
    const other = create({ name: 'b' });
    const [question] = other.questions;
    const twice = other.attempt;
    twice.answer(question, { status: 403, body: '' });
    expect(done(answer(other, OK)).status).toBe(403);
  });

  it('asks anew about the world as it is then', () => {
    const { api, create, answer, done, pending } = askingApi();
    done(answer(create({ name: 'a' }), OK));
    const patch = (data: Obj) => {
      const headers = { 'content-type': 'application/merge-patch+json' };
      return pending(api.begin('PATCH', `${CONFIG_MAPS}/a`, { data }, headers));
    };
    const [one, two] = [patch({ x: '1' }), patch({ y: '2' })];
    expect(done(answer(two, OK)).status).toBe(200);
    // What `one` asked about is no longer what it would write.
    const fresh = pending(answer(one, OK));
    expect(JSON.parse(fresh.questions[0].body ?? '')[3]).toEqual({ x: '1', y: '2' });
    expect(done(answer(fresh, OK)).body.data).toEqual({ x: '1', y: '2' });
  });

  it('ends with 504 after so many rounds, or so long', () => {
    const { create, answer, done, api, pending } = askingApi();
    let open = create({ name: 'a' });
    const wrong = (i: number): Question => ({ method: 'GET', url: `https://other.example.com/${i}` });
    for (let i = 2; i < ATTEMPT_ROUNDS; i++) open = pending(answer(open, OK, wrong(i)));
    const over = done(answer(open, OK, wrong(0)));
    expect([over.status, over.body.reason]).toEqual([504, 'Timeout']);
    const late = done(answer(create({ name: 'b' }), OK, wrong(0), api.now + ATTEMPT_MS));
    expect([late.status, late.body.message]).toEqual([504, `others did not answer within ${ATTEMPT_MS} ms`]);
    expect(api.registry.objects('configmaps', 'default')).toEqual([]);
  });

  it('is 429 when too many wait, until some are answered or given up', () => {
    const { api, answer, done, pending } = askingApi();
    const large = 'x'.repeat(1_000_000);
    const begin = (name: string) => api.begin('POST', CONFIG_MAPS, { metadata: { name }, data: { large } });
    const waiting = Array.from({ length: 16 }, (_, i) => pending(begin(`a${i}`)));
    const refused = done(begin('b'));
    expect([refused.status, refused.body.reason, refused.headers?.['retry-after']]).toEqual([429, 'TooManyRequests', '1']);
    expect(done(answer(waiting[3], OK)).status).toBe(201);
    pending(begin('b'));
    expect(done(begin('c')).status).toBe(429);
    api.now += 2 * ATTEMPT_MS;
    for (let i = 0; i < 16; i++) pending(begin(`d${i}`));
  });
});
