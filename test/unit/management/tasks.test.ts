import { describe, expect, it, vi } from 'vitest';
import type { Task, Failures } from '../../../src/management/task.ts';
import { runTasks } from '../../../src/management/tasks.ts';
import { TASK_AGAIN_MS, TASK_RETRY_FIRST_MS, TASK_RETRY_MAX_MS, OPERATION_KEPT_MS } from '../../../src/management/limits.ts';
import { endOperation, type OperationRow, progress } from '../../../src/management/operations/service.ts';
import { operations } from '../../../src/management/operations/tables.ts';
import type { ManagementDeps } from '../../../src/management/deps.ts';
import { makeManagement } from './world.ts';

const task = (name: string, times: (number | undefined)[], ran: string[] = []): Task => ({
  name,
  next: async () => times[0],
  run: async () => {
    ran.push(name);
    times.shift();
  },
});

describe('the task runner', () => {
  it('[MG20] does what is due, and says when to look again', async () => {
    const { deps, clock } = makeManagement();
    const ran: string[] = [];
    const { now } = clock;
    const tasks = [task('past', [now - 5, now + 900], ran), task('later', [now + 700], ran), task('never', [undefined], ran)];
    expect(await runTasks(deps, {}, tasks)).toBe(now + 700);
    expect(ran).toEqual(['past']);
    clock.now += 700;
    expect(await runTasks(deps, {}, tasks)).toBe(now + 900);
    expect(ran).toEqual(['past', 'later']);
  });

  it('[MG20] goes on soon with a task that has more to do', async () => {
    const { deps, clock } = makeManagement();
    expect(await runTasks(deps, {}, [task('much', [0, 0, 0])])).toBe(clock.now + TASK_AGAIN_MS);
  });

  it('[MG20] lets a task that fails rest, longer each time, and does the others', async () => {
    const { deps, clock } = makeManagement();
    const ran: string[] = [];
    const failures: Failures = {};
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    let broken = true;
    const bad: Task = {
      name: 'bad',
      next: async () => 0,
      run: async () => {
        if (broken) throw new Error('no');
      },
    };
    const pauses: number[] = [];
    for (let i = 0; i < 14; i++) {
      const at = await runTasks(deps, failures, [bad, task('good', [0, undefined], ran)]);
      pauses.push((at ?? 0) - clock.now);
      clock.now = at ?? 0;
    }
    expect(ran).toHaveLength(14);
    expect(logged).toHaveBeenCalledTimes(14);
    logged.mockRestore();
    expect(pauses.slice(0, 3)).toEqual([TASK_RETRY_FIRST_MS, TASK_RETRY_FIRST_MS * 2, TASK_RETRY_FIRST_MS * 4]);
    expect(pauses.at(-1)).toBe(TASK_RETRY_MAX_MS);
    clock.now -= 1;
    expect(await runTasks(deps, failures, [bad]), 'it rests').toBe(clock.now + 1);
    clock.now += 1;
    broken = false;
    await runTasks(deps, failures, [bad]);
    expect(failures).toEqual({});
  });
});

/** A running operation, as routes that begin one insert it. */
async function beginOperation(
  { db, now, random }: ManagementDeps,
  of: Pick<OperationRow, 'accountId' | 'type' | 'target'> & { total?: number },
): Promise<OperationRow> {
  const times = { createdAt: now(), updatedAt: now() };
  const row = { id: random.uuid(), state: 'running' as const, done: 0, total: 0, ...times, ...of };
  return (await db.insert(operations).values(row).returning())[0];
}

describe('operations', () => {
  it('[MG21] tell how far long work is, to its account only', async () => {
    const { deps, call, account } = makeManagement();
    const [alice, bob] = [await account('alice'), await account('bob')];
    const { id } = await beginOperation(deps, { accountId: alice.id, type: 'fork-cluster', target: 'x', total: 3 });
    const get = (token: string) => call(token, 'GET', `/v1/accounts/self/operations/${id}`);
    await progress(deps, id, 2, 3);
    expect((await get(alice.token)).body).toMatchObject({ type: 'fork-cluster', state: 'running', done: 2, total: 3 });
    expect((await get(bob.token)).status).toBe(404);
    await endOperation(deps, id, 'the source was deleted');
    await endOperation(deps, id);
    expect((await get(alice.token)).body).toMatchObject({ state: 'failed', error: 'the source was deleted' });
    expect((await call(bob.token, 'GET', '/v1/accounts/self/operations')).body).toEqual({ items: [] });
  });

  it('[MG21] are listed in pages, and only those about clusters that the token reaches', async () => {
    const { deps, call, account, clock } = makeManagement();
    const { id: accountId, token } = await account('alice');
    const { body: cluster } = await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'one', apiOnly: true });
    const made: string[] = [];
    for (const target of ['x', cluster.id, 'y', 'z', cluster.id]) {
      clock.now += made.length % 2;
      made.push((await beginOperation(deps, { accountId, type: 'fork-cluster', target })).id);
    }
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await call(token, 'GET', `/v1/accounts/self/operations?limit=2${after}`);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      if (!body.next) break;
      after = `&after=${body.next}`;
    }
    expect(seen).toHaveLength(5);
    expect(seen.toSorted()).toEqual(made.toSorted());
    const confined = (await call(token, 'POST', '/v1/accounts/self/tokens', { name: 'c', clusters: ['one'] })).body.token;
    const own = (await call(confined, 'GET', '/v1/accounts/self/operations')).body.items;
    expect(own.map((item: { id: string }) => item.id)).toEqual([made[4], made[1]]);
    expect((await call(confined, 'GET', `/v1/accounts/self/operations/${made[0]}`)).status).toBe(404);
    const wrong = await call(token, 'GET', '/v1/accounts/self/operations?after=nonsense');
    expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid-request']);
  });

  it('[MG21] are forgotten long after they ended', async () => {
    const { deps, taskRunner, pass, call, account } = makeManagement();
    const { id: accountId, token } = await account('alice');
    const ended = await beginOperation(deps, { accountId, type: 'fork-cluster', target: 'x' });
    const running = await beginOperation(deps, { accountId, type: 'fork-cluster', target: 'y' });
    await endOperation(deps, ended.id);
    await taskRunner.wakeBy(0);
    await pass(OPERATION_KEPT_MS);
    const { items } = (await call(token, 'GET', '/v1/accounts/self/operations')).body;
    expect(items.map((item: { id: string }) => item.id)).toEqual([running.id]);
  });
});
