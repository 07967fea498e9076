import { expect, it } from 'vitest';
import { makeCluster } from '../../host/make-cluster.ts';

const PODS = '/api/v1/namespaces/default/pods';
const MAX = '9223372036854775807';

it.each([MAX, '9007199254740993'])('a grace period of %s seconds keeps its digits and stops nothing else', (grace) => {
  const host = makeCluster();
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { pods: '5' } } };
  expect(host.do('POST', '/api/v1/namespaces/default/resourcequotas', quota).status).toBe(201);
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'nginx' }] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec };
  const sent = JSON.stringify(pod).replace('"terminationGracePeriodSeconds":1', `"terminationGracePeriodSeconds":${grace}`);
  expect(host.do('POST', PODS, sent).status).toBe(201);
  host.settle();
  const deleted = host.do('DELETE', `${PODS}/a`);
  expect(deleted.text).toContain(`"deletionGracePeriodSeconds":${grace}`);
  expect(() => host.settle()).not.toThrow();
});
