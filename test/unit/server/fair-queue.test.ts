import { describe, expect, it } from 'vitest';
import { costOf, FairQueue, tenantOf, type Seat } from '../../../src/server/fair-queue.ts';

const CLUSTER = 'abcdefghijklmnopqrstuvwxyz';
describe('whose a request is', () => {
  it('[MG80] is told by the cluster in the address, else by the bearer', () => {
    const bearer = 'Bearer atoll_x';
    expect(tenantOf(`/clusters/${CLUSTER}/api/v1/pods`, bearer)).toBe(CLUSTER);
    expect(tenantOf(`/clusters/${CLUSTER}?x=1`, '')).toBe(CLUSTER);
    expect(tenantOf(`/clusters/${CLUSTER}`, '')).toBe(CLUSTER);
    expect(tenantOf('/v1/me', bearer)).toBe('management Bearer atoll_x');
    expect(tenantOf('/healthz', '')).toBe('management ');
    expect(tenantOf('/clusters', '')).toBe('management ');
    expect(tenantOf(`/clusters/${'x'.repeat(5000)}`, '')).toHaveLength(64);
  });
});

describe('turns', () => {
  /** Asks for turns and notes which began; time passes by hand. */
  function desk() {
    let now = 0;
    const timers: { at: number; go: () => void }[] = [];
    const fair = new FairQueue({
      clock: () => now,
      later: (ms, go) => void timers.push({ at: now + ms, go }),
      owner: (tenant) => (tenant.startsWith('stranger') ? '' : tenant.replace('management ', '').split('/')[0]),
    });
    const begun: string[] = [];
    const pass = (ms: number) => {
      const end = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers.splice(timers.indexOf(next), 1);
        now = next.at;
        next.go();
      }
      now = end;
    };
    const ask = (tenant: string, name: string, cost = 0.2): Seat => fair.enter(tenant, cost, () => void begun.push(name));
    return { fair, begun, pass, ask, leave: (seat: Seat) => fair.leave(seat) };
  }

  it('[MG80] somebody alone is not held back', () => {
    const { begun, pass, ask, leave } = desk();
    const seats = Array.from({ length: 30 }, (_, n) => ask('a', `a${n}`));
    expect(begun).toHaveLength(30);
    pass(1000);
    seats.forEach(leave);
    ask('a', 'again');
    expect(begun.at(-1)).toBe('again');
  });

  it('[MG80] while others are there who takes much has one request under way, first come, first served', () => {
    const { begun, ask, leave } = desk();
    ask('quiet', 'q0');
    const seats = Array.from({ length: 4 }, (_, n) => ask('noisy', `n${n}`, 10));
    expect(begun).toEqual(['q0', 'n0', 'n1']);
    expect(seats.map(({ waits }) => waits)).toEqual([false, false, true, true]);
    for (let n = 1; n < 10; n++) ask('quiet', `q${n}`);
    expect(begun).toHaveLength(12);
    leave(seats[0]);
    expect(seats[2].waits).toBe(true);
    leave(seats[1]);
    expect(begun.at(-1)).toBe('n2');
  });

  it('[MG80] who asks for much has to wait for more, one request at a time, and who asks for little has not', () => {
    const { fair, begun, pass, ask, leave } = desk();
    leave(ask('quiet', 'q'));
    const open: Seat[] = Array.from({ length: 8 }, (_, n) => ask('noisy', `n${n}`, 1));
    let most = 0;
    const from = begun.length;
    for (let ms = 0; ms < 3000; ms++) {
      pass(1);
      const underway = open.filter(({ waits }) => !waits);
      if (ms > 500) most = Math.max(most, underway.length);
      for (const seat of underway) {
        open.splice(open.indexOf(seat), 1);
        fair.answered(seat, 128 * 1024);
        leave(seat);
        open.push(ask('noisy', 'n', 1));
      }
      if (ms % 20 === 0) {
        const seat = ask('quiet', 'q');
        expect(seat.waits).toBe(false);
        leave(seat);
      }
    }
    const noisy = begun.slice(from).filter((name) => name.startsWith('n')).length;
    // A third of 3,000 ms and what was saved; each takes 1 ms and for its answer 0.768.
    expect(noisy).toBeGreaterThan(1000 / 1.768 - 10);
    expect(noisy).toBeLessThan(1000 / 1.768 + 40);
    expect(most).toBe(1);
  });

  it('[MG80] how long an answer takes to come costs nobody anything: others may be the reason', () => {
    const { begun, pass, ask, leave } = desk();
    leave(ask('noisy', 'n'));
    for (let n = 0; n < 50; n++) {
      const seat = ask('quiet', 'q');
      expect(seat.waits).toBe(false);
      pass(500);
      leave(seat);
      leave(ask('noisy', 'n'));
    }
    expect(begun.filter((name) => name === 'q')).toHaveLength(50);
  });

  it('[MG80] what waited begins by itself as soon as there is time again', () => {
    const { fair, begun, pass, ask, leave } = desk();
    ask('quiet', 'q');
    const seat = ask('noisy', 'n0');
    fair.answered(seat, 100 * 1024 * 1024);
    leave(seat);
    ask('noisy', 'n1');
    expect(begun).toEqual(['q', 'n0']);
    pass(80);
    expect(begun).toEqual(['q', 'n0']);
    pass(20);
    expect(begun).toEqual(['q', 'n0', 'n1']);
  });

  it('[MG80] writes cost more than reads', () => {
    const [read, write] = ['GET', 'POST'];
    expect(costOf('x', write)).toBeGreaterThan(costOf('x', read));
    expect(costOf('management x', write)).toBeGreaterThan(costOf('management x', read));
    expect(costOf('management x', write)).toBeGreaterThan(costOf('x', write));
  });

  it('[MG80] whoever gives up while waiting takes no turn away', () => {
    const { begun, ask, leave } = desk();
    ask('quiet', 'q0');
    const seats = Array.from({ length: 4 }, (_, n) => ask('noisy', `n${n}`, 10));
    leave(seats[2]);
    leave(seats[0]);
    leave(seats[1]);
    expect(begun.at(-1)).toBe('n3');
  });

  it('[MG80] those who have gone are forgotten, and who is left goes on at full speed', () => {
    const { begun, pass, ask, leave } = desk();
    leave(ask('quiet', 'q0'));
    const seats = Array.from({ length: 8 }, (_, n) => ask('noisy', `n${n}`, 20));
    expect(begun).toHaveLength(2);
    pass(60_000);
    ask('noisy', 'n8', 20);
    expect(begun).toHaveLength(10);
    seats.forEach(leave);
  });

  it('[MG80] what an account asks of management is part of its share, and holds back nobody', () => {
    const { begun, pass, ask, leave } = desk();
    const quick = Array.from({ length: 8 }, () => ask('management noisy', 'm', 10));
    expect(begun, 'nobody uses a cluster').toHaveLength(8);
    const alone = Array.from({ length: 20 }, (_, n) => ask('quiet/a', `q${n}`, 2));
    expect(begun, 'a cluster is as if alone').toHaveLength(28);
    [...quick, ...alone].forEach(leave);
    pass(1000);
    leave(ask('quiet/a', 'q'));
    const open = Array.from({ length: 6 }, () => ask('management noisy', 'm', 10));
    const from = begun.length;
    for (let ms = 0; ms < 3000; ms++) {
      pass(1);
      const underway = open.filter(({ waits }) => !waits);
      expect(underway.length).toBeLessThanOrEqual(2);
      for (const seat of underway) {
        leave(seat);
        open[open.indexOf(seat)] = ask('management noisy', 'm', 10);
      }
      if (ms % 20 !== 0) continue;
      const seat = ask('quiet/a', 'q');
      expect(seat.waits).toBe(false);
      leave(seat);
    }
    const made = begun.slice(from).filter((name) => name === 'm').length;
    expect(made, 'a third of 3,000 ms, 10 each').toBeGreaterThan(95);
    expect(made).toBeLessThan(108);
  });

  it('[MG80] management of the account whose cluster is the only one has two requests under way, and owes nothing', () => {
    const { begun, ask, leave } = desk();
    leave(ask('one/a', 'q'));
    const seats = Array.from({ length: 20 }, () => ask('management one', 'm', 10));
    expect(begun).toHaveLength(3);
    for (const seat of seats) leave(seat);
    expect(begun).toHaveLength(21);
  });

  it('[MG80] strangers hold back nobody, and have one share together', () => {
    const { begun, ask, leave } = desk();
    const strangers = Array.from({ length: 50 }, (_, n) => ask(`stranger ${n}`, 's', 1));
    expect(begun).toHaveLength(50);
    strangers.forEach(leave);
    for (let n = 0; n < 30; n++) ask('one/a', 'a', 20);
    expect(
      begun.filter((name) => name === 'a'),
      'as if alone',
    ).toHaveLength(30);
    for (let n = 0; n < 50; n++) ask(`stranger ${n}`, 's', 10);
    expect(begun.filter((name) => name === 's').length).toBeLessThan(55);
  });

  it('[MG80] many clusters of one account are one tenant beside another account', () => {
    const { fair, begun, pass, ask, leave } = desk();
    leave(ask('quiet/a', 'q'));
    const open: Seat[] = Array.from({ length: 8 }, (_, n) => ask(`noisy/${n}`, `n${n}`, 1));
    let most = 0;
    const from = begun.length;
    for (let ms = 0; ms < 3000; ms++) {
      pass(1);
      const underway = open.filter(({ waits }) => !waits);
      if (ms > 500) most = Math.max(most, underway.length);
      for (const seat of underway) {
        const n = open.indexOf(seat);
        fair.answered(seat, 128 * 1024);
        leave(seat);
        open[n] = ask(`noisy/${n}`, `n${n}`, 1);
      }
      if (ms % 20 === 0) {
        const seat = ask('quiet/a', 'q');
        expect(seat.waits).toBe(false);
        leave(seat);
      }
    }
    expect(most).toBe(1);
    const each = Array.from({ length: 8 }, (_, n) => begun.slice(from).filter((name) => name === `n${n}`).length);
    const all = each.reduce((sum, n) => sum + n, 0);
    expect(all, 'a third of the time together').toBeGreaterThan(1000 / 1.768 - 10);
    expect(all).toBeLessThan(1000 / 1.768 + 40);
    expect(Math.max(...each) - Math.min(...each), 'shared by turns').toBeLessThan(10);
  });

  it('[MG80] an account that is alone is held back by its clusters only, each for itself', () => {
    const { begun, ask } = desk();
    for (let n = 0; n < 50; n++) ask(`class/${n}`, `student ${n}`);
    expect(begun).toHaveLength(50);
    for (let n = 0; n < 8; n++) ask('class/0', 'greedy', 10);
    ask('class/1', 'modest');
    expect(begun.filter((name) => name === 'greedy').length).toBeLessThan(3);
    expect(begun.at(-1)).toBe('modest');
  });

  it('[MG80] when the others are gone an account goes on at full speed', () => {
    const { begun, pass, ask, leave } = desk();
    leave(ask('quiet/a', 'q'));
    const seats = Array.from({ length: 6 }, (_, n) => ask(`noisy/${n}`, `n${n}`, 20));
    expect(begun.length).toBeLessThan(4);
    pass(60_000);
    for (let n = 6; n < 20; n++) ask(`noisy/${n}`, `n${n}`, 20);
    for (const seat of seats.filter(({ waits }) => !waits)) leave(seat);
    expect(begun).toHaveLength(21);
  });
});
