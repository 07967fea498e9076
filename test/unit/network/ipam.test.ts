import { beforeEach, describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { type TestCluster, makeCluster } from '../../host/make-cluster.ts';

const SERVICES = '/api/v1/namespaces/default/services';
const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses';
let host: TestCluster;
beforeEach(() => {
  host = makeCluster();
});

const service = (name: string, spec: Obj = {}): Obj => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});
const create = (name: string, spec?: Obj) => host.do('POST', SERVICES, service(name, spec));

describe('cluster addresses', () => {
  it('come out of the range, with an IPAddress that names the service', () => {
    const { spec } = create('a').body;
    expect(spec.clusterIP).toMatch(/^10\.96\./);
    expect(spec.clusterIPs).toEqual([spec.clusterIP]);
    const address = host.do('GET', `${ADDRESSES}/${spec.clusterIP}`).body;
    expect(address.spec.parentRef).toEqual({ resource: 'services', namespace: 'default', name: 'a' });
  });

  it('and the health check port stay when an update does not name them (patchAllocatedValues)', () => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
    const made = create('a', spec).body.spec;
    expect(made.healthCheckNodePort).toBeGreaterThan(0);
    const answer = host.do('PUT', `${SERVICES}/a`, service('a', spec));
    expect([answer.status, answer.body.spec.healthCheckNodePort, answer.body.spec.clusterIP]).toEqual([
      200,
      made.healthCheckNodePort,
      made.clusterIP,
    ]);
    expect(host.do('PUT', `${SERVICES}/a`, service('a', { ...spec, healthCheckNodePort: 31999 })).status).toBe(422);
  });

  it('of the service kubernetes is the first', () => {
    expect(host.do('GET', `${SERVICES}/kubernetes`).body.spec.clusterIP).toBe('10.96.0.1');
  });

  it('may be asked for, once', () => {
    expect(create('a', { clusterIP: '10.96.0.50' }).body.spec.clusterIP).toBe('10.96.0.50');
    const second = create('b', { clusterIP: '10.96.0.50' });
    expect(second.status).toBe(422);
    expect(second.body.message).toBe(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.50"]: failed to allocate IP 10.96.0.50: ' +
        'provided IP is already allocated',
    );
  });

  it('outside the range are refused', () => {
    expect(create('a', { clusterIP: '192.168.0.1' }).body.message).toContain(
      'failed to allocate IP 192.168.0.1: the provided network does not match the current range',
    );
  });

  it('return with the service', () => {
    create('a', { clusterIP: '10.96.0.50' });
    host.do('DELETE', `${SERVICES}/a`);
    expect(host.do('GET', `${ADDRESSES}/10.96.0.50`).status).toBe(404);
    expect(create('b', { clusterIP: '10.96.0.50' }).status).toBe(201);
  });

  it('are for no headless service and no external name', () => {
    expect(create('a', { clusterIP: 'None' }).body.spec.clusterIPs).toEqual(['None']);
    expect(create('b', { type: 'ExternalName', externalName: 'example.com' }).body.spec.clusterIP).toBeUndefined();
  });

  it('are not taken by a dry run or a refused create', () => {
    host.do('POST', `${SERVICES}?dryRun=All`, service('a', { clusterIP: '10.96.0.50' }));
    create('BAD', { clusterIP: '10.96.0.50' });
    expect(host.do('GET', `${ADDRESSES}/10.96.0.50`).status).toBe(404);
    expect(create('b', { clusterIP: '10.96.0.50' }).status).toBe(201);
  });

  it('survive a crash', () => {
    create('a', { clusterIP: '10.96.0.50' });
    host.crash();
    expect(create('b', { clusterIP: '10.96.0.50' }).status).toBe(422);
  });
});

describe('node ports', () => {
  const nodePort = (spec: Obj = {}): Obj => ({ type: 'NodePort', ...spec });
  const at = (port: number): Obj => nodePort({ ports: [{ port: 80, nodePort: port }] });

  it('come out of 30000-32767', () => {
    const port = create('a', nodePort()).body.spec.ports[0].nodePort;
    expect(port).toBeGreaterThanOrEqual(30000);
    expect(port).toBeLessThanOrEqual(32767);
  });

  it('may be asked for, once', () => {
    expect(create('a', at(30080)).status).toBe(201);
    expect(create('b', at(30080)).body.message).toBe(
      'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    );
    host.crash();
    expect(create('b', at(30080)).status).toBe(422);
  });

  it('outside the range are refused', () => {
    expect(create('a', at(80)).body.message).toBe(
      'Service "a" is invalid: spec.ports[0].nodePort: Invalid value: 80: ' +
        'provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
  });

  it('return when the service changes its type', () => {
    create('a', at(30080));
    const live = host.do('GET', `${SERVICES}/a`).body;
    live.spec.type = 'ClusterIP';
    expect(host.do('PUT', `${SERVICES}/a`, live).body.spec.ports[0].nodePort).toBeUndefined();
    expect(create('b', at(30080)).status).toBe(201);
  });
});
