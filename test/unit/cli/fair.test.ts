import { describe, expect, it } from 'vitest';
import { Fair, tenantOf, type Turn } from '../../../src/cli/server/fair.ts';

const CLUSTER = 'abcdefghijklmnopqrstuvwxyz';
const head = (line: string, ...headers: string[]) => Buffer.from([line, 'Host: localhost', ...headers, '', ''].join('\r\n'));

describe('whose a request is', () => {
  it('[MG80] is told by the cluster in the address, else by the bearer', () => {
    const bearer = 'authorization: Bearer atoll_x';
    expect(tenantOf(head(`GET /clusters/${CLUSTER}/api/v1/pods HTTP/1.1`, bearer))).toBe(CLUSTER);
    expect(tenantOf(head(`DELETE /clusters/${CLUSTER}?x=1 HTTP/1.1`))).toBe(CLUSTER);
    expect(tenantOf(head(`GET /clusters/${CLUSTER} HTTP/1.1`))).toBe(CLUSTER);
    expect(tenantOf(head('GET /v1/me HTTP/1.1', bearer))).toBe('Bearer atoll_x');
    expect(tenantOf(head('GET /healthz HTTP/1.1'))).toBe('');
  });

  it('[MG80] is not told by bytes that begin no request, however they are cut', () => {
    expect(tenantOf(Buffer.from('{"kind":"ConfigMap"}'))).toBeUndefined();
    expect(tenantOf(Buffer.from('xxxxxxxxxxxxxxxx GET /clusters/'))).toBeUndefined();
    expect(tenantOf(Buffer.from('GET /clusters/'))).toBe('');
    expect(tenantOf(Buffer.from(`GET /clusters/${CLUSTER}`))).toBe(CLUSTER);
    expect(tenantOf(Buffer.from(`GET /clusters/${'x'.repeat(5000)}`))).toHaveLength(64);
    expect(tenantOf(Buffer.alloc(0))).toBeUndefined();
  });
});

describe('turns', () => {
  /** Asks for turns and notes which began. */
  function desk() {
    const fair = new Fair();
    const begun: string[] = [];
    const clock = { now: 0 };
    const ask = (tenant: string, name: string): Turn => fair.enter(tenant, clock.now, () => void begun.push(name));
    return { fair, begun, clock, ask, leave: (turn: Turn) => fair.leave(turn, clock.now) };
  }

  it('[MG80] somebody alone is not held back', () => {
    const { begun, ask } = desk();
    for (let n = 0; n < 30; n++) ask('a', `a${n}`);
    expect(begun).toHaveLength(30);
  });

  it('[MG80] while others are there each has one request under way, first come, first served', () => {
    const { begun, ask, leave } = desk();
    const quiet = ask('quiet', 'q0');
    const first = ask('noisy', 'n0');
    const others = [1, 2, 3].map((n) => ask('noisy', `n${n}`));
    expect(begun).toEqual(['q0', 'n0']);
    expect(others.map(({ waits }) => waits)).toEqual([true, true, true]);
    leave(quiet);
    ask('quiet', 'q1');
    expect(begun).toEqual(['q0', 'n0', 'q1']);
    leave(first);
    expect(begun).toEqual(['q0', 'n0', 'q1', 'n1']);
    leave(others[0]);
    leave(others[1]);
    expect(begun).toEqual(['q0', 'n0', 'q1', 'n1', 'n2', 'n3']);
  });

  it('[MG80] whoever gives up while waiting takes no turn away', () => {
    const { begun, ask, leave } = desk();
    ask('quiet', 'q0');
    const first = ask('noisy', 'n0');
    const second = ask('noisy', 'n1');
    const third = ask('noisy', 'n2');
    leave(second);
    leave(first);
    expect(begun).toEqual(['q0', 'n0', 'n2']);
    leave(third);
    ask('noisy', 'n3');
    expect(begun).toContain('n3');
  });

  it('[MG80] those who have gone are forgotten, and who is left goes on at full speed', () => {
    const { begun, clock, ask, leave } = desk();
    leave(ask('quiet', 'q0'));
    const turns = [0, 1, 2, 3].map((n) => ask('noisy', `n${n}`));
    expect(begun).toEqual(['q0', 'n0']);
    clock.now += 60_000;
    leave(turns[0]);
    ask('noisy', 'n4');
    expect(begun).toEqual(['q0', 'n0', 'n1', 'n4']);
    leave(turns[1]);
    expect(begun).toEqual(['q0', 'n0', 'n1', 'n4', 'n2', 'n3']);
  });
});
