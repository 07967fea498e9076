import { describe, expect, it } from 'vitest';
import type { WatchSpec } from '../../src/apiserver/streams/spec.ts';
import type { Message } from '../../src/lib/stream.ts';
import type { TestCluster } from '../host/make-cluster.ts';
import { makeCluster } from '../host/make-cluster.ts';

const HOUR = 3_600_000;
const WATCH = '/api/v1/configmaps?watch=1';

function opened(headers: Record<string, string> = {}, expires?: number) {
  const host = makeCluster({ apiOnly: true });
  const more = expires === undefined ? {} : { expires: host.now + expires };
  const token = host.cluster.issue({ id: 'leaked', username: 'leaked', role: 'admin', ...more }, host.now);
  const watch = host.watch(WATCH, { authorization: `Bearer ${token}`, ...headers });
  write(host, 'before');
  expect(watch.events.map((event) => event.object.metadata.name)).toContain('before');
  return { host, watch, token };
}

const write = (host: TestCluster, name: string) =>
  host.do('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name }, data: { secret: 'zz' } });

/** What a sleep leaves of a watch: its attachment. */
function asleep(host: TestCluster, spec: WatchSpec) {
  host.crash();
  const sent: string[] = [];
  let closed = false;
  const port = {
    send: (text: Message) => void sent.push(String(text)),
    save: () => undefined,
    close: () => void (closed = true),
  };
  host.cluster.resume(structuredClone(spec), port);
  return { sent, closed: () => closed };
}

describe('[MG65] a watch ends with the credential that opened it', () => {
  it.each([
    ['while it is awake', {}],
    ['though it was opened as somebody else', { 'impersonate-user': 'alice', 'impersonate-group': 'system:masters' }],
  ])('%s', (_, headers) => {
    const { host, watch, token } = opened(headers);
    host.cluster.revoke({ ids: ['leaked'] });
    write(host, 'after');
    expect(watch.closed()).toBe(true);
    expect(JSON.stringify(watch.events)).not.toContain('after');
    expect(host.request('GET', '/api', undefined, { authorization: `Bearer ${token}` }).status).toBe(401);
  });

  it('after a sleep: revoked before anything else happens', () => {
    const { host, watch } = opened();
    const woken = asleep(host, watch.spec());
    host.cluster.revoke({ ids: ['leaked'] });
    write(host, 'after');
    expect(woken.closed()).toBe(true);
    expect(woken.sent.join('')).not.toContain('after');
  });

  it('and no other does', () => {
    const { host, watch } = opened();
    const other = host.watch(WATCH);
    host.cluster.revoke({ ids: ['leaked'] });
    write(host, 'after');
    expect(watch.closed()).toBe(true);
    expect(other.closed()).toBe(false);
    expect(JSON.stringify(other.events)).toContain('after');
  });

  it('when all but one are revoked', () => {
    const { host, watch } = opened();
    host.cluster.revoke({ allBut: ['admin'] });
    write(host, 'after');
    expect(watch.closed()).toBe(true);
    expect(JSON.stringify(watch.events)).not.toContain('after');
  });

  it.each([
    ['awake', false],
    ['asleep meanwhile', true],
  ])('when it expires, %s, and hears nothing of what comes then', (_, sleeps) => {
    const { host, watch } = opened({}, HOUR);
    const woken = sleeps ? asleep(host, watch.spec()) : undefined;
    host.now += HOUR;
    write(host, 'after');
    expect(woken?.closed() ?? watch.closed()).toBe(true);
    expect(`${woken?.sent.join('')}${JSON.stringify(watch.events)}`).not.toContain('after');
  });
});
