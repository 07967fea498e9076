import { describe, expect, it } from 'vitest';
import { CONTINUE_TTL_MS } from '../../../src/registry/limits.ts';
import { makeCluster } from '../../host/make-cluster.ts';

describe('the server renews its Lease for those whose token is too old', () => {
  it('each time, and not only the first', () => {
    const host = makeCluster({ apiOnly: true });
    for (const _ of [1, 2, 3]) {
      const page = host.request('GET', '/api/v1/namespaces?limit=1').body.metadata;
      host.now += CONTINUE_TTL_MS + 1;
      const before = host.cluster.registry.store.revision();
      expect(host.request('GET', `/api/v1/namespaces?limit=1&continue=${page.continue}`).status).toBe(410);
      expect(host.cluster.registry.store.revision()).toBe(before + 1);
    }
  });
});
