import type { Cluster } from '../../../src/cluster/cluster.ts';
import { settle } from '../../host/settle.ts';
import { describe, expect, it } from 'vitest';
import { makeManagement } from './world.ts';

const CLUSTERS = '/v1/accounts/self/clusters';
const CLOCK = `${CLUSTERS}/lab/clock`;
const START = '2026-11-21T00:00:00.000Z';

async function lab(clock?: 'virtual') {
  const { call, account, clusters } = makeManagement();
  const { token } = await account('alice');
  const made = await call(token, 'POST', CLUSTERS, { name: 'lab', ...(clock && { clock }) });
  return { made, clusters, call: (method: string, at: string, body?: object) => call(token, method, at, body) };
}

describe('the clock of a cluster', () => {
  it('is the wall clock, unless it was made virtual', async () => {
    const { made, call } = await lab();
    expect(made.body.clock).toBe('real');
    expect((await call('GET', CLOCK)).body).toEqual({ mode: 'real', state: 'running', now: START });
    const refused = await call('POST', CLOCK, { advance: '1h' });
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    expect(refused.body.detail).toBe('the cluster goes by the wall clock: only a virtual clock can be set');
  });

  it('stands, advances, runs and stops as it is told', async () => {
    const { made, call, clusters } = await lab('virtual');
    expect(made.body.clock).toBe('virtual');
    expect((await call('GET', CLOCK)).body).toEqual({ mode: 'virtual', state: 'standing', now: START });
    await call('POST', CLOCK, { advance: '1d12h' });
    // Turns of this host come when somebody asks for them.
    settle(clusters.made.get(made.body.id) as Cluster, Date.parse(START));
    expect((await call('GET', CLOCK)).body).toEqual({ mode: 'virtual', state: 'standing', now: '2026-11-22T12:00:00.000Z' });
    expect((await call('POST', CLOCK, { speed: 60 })).body).toMatchObject({ state: 'running', speed: 60 });
    expect((await call('POST', CLOCK, { advance: '1h' })).body.detail).toBe('the clock is moving: stop it first');
    expect((await call('POST', CLOCK, { stop: true })).body).toMatchObject({ state: 'standing' });
  });

  it('refuses what makes no sense in a sentence', async () => {
    const { call } = await lab('virtual');
    const refused = async (body: object) => {
      const { status, body: problem } = await call('POST', CLOCK, body);
      return [status, problem.detail];
    };
    expect(await refused({})).toEqual([400, expect.stringContaining('one of advance, speed and stop')]);
    expect(await refused({ advance: '1h', stop: true })).toEqual([400, expect.stringContaining('one of advance')]);
    expect(await refused({ advance: 'tomorrow' })).toEqual([400, expect.stringContaining('a duration is written like')]);
    expect(await refused({ advance: '3660d' })).toEqual([400, expect.stringContaining('at most 366d')]);
    expect(await refused({ advance: '0s' })).toEqual([400, expect.stringContaining('more than 0s')]);
    expect(await refused({ speed: 1e9 })).toEqual([400, expect.stringContaining('speed')]);
    expect(await refused({ speed: 0 })).toEqual([400, expect.stringContaining('speed')]);
  });

  it('is copied with the cluster: a fork begins where its source stands', async () => {
    const { made, call, clusters } = await lab('virtual');
    await call('POST', CLOCK, { advance: '30d' });
    settle(clusters.made.get(made.body.id) as Cluster, Date.parse(START));
    const fork = await call('POST', `${CLUSTERS}/lab/fork`, { name: 'copy' });
    expect(fork.body.clock).toBe('virtual');
    expect((await call('GET', `${CLUSTERS}/copy/clock`)).body).toEqual({
      mode: 'virtual',
      state: 'standing',
      now: '2026-12-21T00:00:00.000Z',
    });
  });

  it('stops while the cluster is suspended: there is nothing to make up for', async () => {
    const { call } = await lab('virtual');
    await call('POST', CLOCK, { speed: 60 });
    await call('POST', `${CLUSTERS}/lab/suspend`);
    await call('POST', `${CLUSTERS}/lab/resume`);
    expect((await call('GET', CLOCK)).body).toMatchObject({ state: 'standing' });
  });
});
