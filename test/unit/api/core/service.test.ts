import { beforeEach, describe, expect, it } from 'vitest';
import type { Obj } from '../../../../src/lib/json.ts';
import { type TestCluster, makeCluster } from '../../../host/make-cluster.ts';

const SERVICES = '/api/v1/namespaces/default/services';
let host: TestCluster;
beforeEach(() => {
  host = makeCluster();
});

const create = (spec: Obj, name = 'a') =>
  host.do('POST', SERVICES, { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });
const change = (edit: (service: Obj) => void) => {
  const live = host.do('GET', `${SERVICES}/a`).body;
  edit(live);
  return host.do('PUT', `${SERVICES}/a`, live);
};
const PORTS = [{ port: 80 }];

describe('a service', () => {
  it('gets its defaults', () => {
    const { spec, status } = create({ ports: PORTS, selector: { app: 'x' } }).body;
    expect(spec).toMatchObject({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }],
    });
    expect(status).toEqual({ loadBalancer: {} });
  });

  it('of type LoadBalancer gets node ports, and another port for health checks when it keeps to local endpoints', () => {
    const { spec } = create({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: PORTS }).body;
    expect(spec.allocateLoadBalancerNodePorts).toBe(true);
    expect(spec.ports[0].nodePort).not.toBe(spec.healthCheckNodePort);
    expect(spec.healthCheckNodePort).toBeGreaterThanOrEqual(30000);
  });

  it('needs ports, each named once there are several', () => {
    expect(create({}).body.message).toBe('Service "a" is invalid: spec.ports: Required value');
    expect(create({ ports: [{ port: 80 }, { port: 81 }] }).body.details.causes).toEqual([
      { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.ports[0].name' },
      { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.ports[1].name' },
    ]);
  });

  it('keeps its address', () => {
    create({ ports: PORTS });
    const answer = change((service) => {
      service.spec.clusterIP = '10.96.0.77';
      service.spec.clusterIPs = ['10.96.0.77'];
    });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain('may not change once set');
  });

  it('keeps address and ports when the client leaves them out', () => {
    const { spec } = create({ type: 'NodePort', ports: PORTS }).body;
    const updated = change((service) => {
      delete service.spec.clusterIP;
      delete service.spec.clusterIPs;
      delete service.spec.ports[0].nodePort;
    }).body;
    expect([updated.spec.clusterIP, updated.spec.ports]).toEqual([spec.clusterIP, spec.ports]);
  });

  it('loses its address when it becomes an external name', () => {
    const { spec } = create({ ports: PORTS }).body;
    const updated = change((service) => {
      Object.assign(service.spec, { type: 'ExternalName', externalName: 'example.com' });
    }).body;
    expect(updated.spec.clusterIP).toBeUndefined();
    expect(updated.spec.internalTrafficPolicy).toBeUndefined();
    expect(host.do('GET', `/apis/networking.k8s.io/v1/ipaddresses/${spec.clusterIP}`).status).toBe(404);
  });
});
