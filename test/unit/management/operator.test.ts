import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/management/deps.ts';
import { makeManagement, OPERATOR } from './world.ts';

const CLUSTERS = '/v1/accounts/self/clusters';

describe('what the operator sees', () => {
  it('[MG97] metrics are for the operator alone', async () => {
    const { call, account } = makeManagement();
    const { token } = await account('alice');
    const told = await call(OPERATOR, 'GET', '/metrics');
    expect([told.status, told.type, told.text]).toEqual([
      200,
      expect.stringContaining('text/plain; version=0.0.4'),
      'atoll_turns_total 0\n',
    ]);
    expect((await call(token, 'GET', '/metrics')).status).toBe(403);
    expect((await call(undefined, 'GET', '/metrics')).status).toBe(401);
  });

  it('[MG98] every request is one entry of the log: who and what by ids, no secret and no name', async () => {
    const logged: LogEntry[] = [];
    const { call, account, clusters } = makeManagement({ log: (entry) => void logged.push(entry) });
    const alice = await account('alice');
    logged.length = 0;
    await call(alice.token, 'POST', CLUSTERS, { name: 'secret-project' }, { 'x-request-id': 'chosen-by-me' });
    await call(alice.token, 'GET', `${CLUSTERS}/secret-project`);
    await call('atoll_made-up', 'GET', CLUSTERS);
    clusters.fail = new Error('the disk of secret-project is full');
    await call(alice.token, 'POST', CLUSTERS, { name: 'secret-plan' });
    expect(logged.map(({ action, status, account: of }) => [action, status, of])).toEqual([
      ['createCluster', 201, alice.id],
      ['getCluster', 200, alice.id],
      ['listClusters', 401, undefined],
      ['createCluster', 500, alice.id],
    ]);
    expect(logged[0]).toMatchObject({
      requestId: 'chosen-by-me',
      method: 'POST',
      ms: 0,
      actor: expect.stringMatching(/^token:/),
    });
    expect(logged[3].error).toBe(clusters.fail);
    for (const { error: _, ...entry } of logged) {
      expect(JSON.stringify(entry)).not.toContain('secret');
      expect(JSON.stringify(entry)).not.toContain(alice.token);
    }
  });
});
