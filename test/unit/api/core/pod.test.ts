import { describe, expect, it } from 'vitest';
import { Pod } from '../../../../src/api/core/pod/pod.ts';
import type { StrategyContext } from '../../../../src/api/machinery/define-kind.ts';
import { errorBody } from '../../../../src/api/machinery/field-errors.ts';
import type { KubeObject, Obj } from '../../../../src/lib/json.ts';
import { seeded } from '../../../fixtures/prng.ts';

const cx: StrategyContext = { now: 0, random: seeded(1), get: () => undefined, list: () => [] };
const container = (resources: Obj = {}): Obj => ({ name: 'c', image: 'i', resources });

function created(spec: Obj = {}, metadata: Obj = {}): KubeObject {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', ...metadata },
    spec: { containers: [container()], ...spec },
    status: { phase: 'Running' },
  } as unknown as KubeObject;
  Pod.defaults?.(pod);
  Pod.prepareCreate?.(pod, cx);
  return pod;
}

const errorsOf = (pod: KubeObject): string[] => (Pod.validateCreate?.(pod, cx) ?? []).map((e) => `${e.field}: ${errorBody(e)}`);

describe('a new pod', () => {
  it('is pending, whatever status it came with', () => {
    expect(created().status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(created().metadata.generation).toBe(1);
  });

  it('is classed by its requests and limits', () => {
    const classOf = (resources: Obj) => created({ containers: [container(resources)] }).status?.qosClass;
    expect(classOf({ requests: { cpu: '1' } })).toBe('Burstable');
    expect(classOf({ limits: { cpu: '1' } })).toBe('Burstable');
    expect(classOf({ limits: { cpu: '1', memory: '1Gi' } })).toBe('Guaranteed');
    expect(classOf({ limits: { 'example.com/gpu': '1' } })).toBe('BestEffort');
  });

  it('waits at its gates', () => {
    const pod = created({ schedulingGates: [{ name: 'example.com/wait' }] });
    expect(pod.status?.conditions).toEqual([
      expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }),
    ]);
    expect(errorsOf(created({ schedulingGates: [{ name: 'g' }], nodeName: 'n1' }))).toEqual([
      'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
    ]);
  });

  it('requests what it limits', () => {
    const pod = created({ containers: [container({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } })] });
    expect(pod.spec.containers[0].resources.requests).toEqual({ cpu: '100m', memory: '1Gi' });
  });

  it('on the host network has host ports', () => {
    const pod = created({ hostNetwork: true, containers: [{ ...container(), ports: [{ containerPort: 80 }] }] });
    expect(pod.spec.containers[0].ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'TCP' }]);
  });

  it('takes the values of its own labels into selectors', () => {
    const constraint = {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: {},
      matchLabelKeys: ['app'],
    };
    const pod = created({ topologySpreadConstraints: [constraint] }, { labels: { app: 'web' } });
    expect(pod.spec.topologySpreadConstraints[0].labelSelector).toEqual({
      matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }],
    });
  });

  it('may not bring ephemeral containers', () => {
    const pod = created({ ephemeralContainers: [{ name: 'e', image: 'i' }] });
    expect(errorsOf(pod)).toContain('spec.ephemeralContainers: Forbidden: cannot be set on create');
  });

  it('is defaulted once', () => {
    const pod = created({ volumes: [{ name: 'v' }], hostNetwork: true });
    const before = JSON.stringify(pod);
    Pod.defaults?.(pod);
    expect(JSON.stringify(pod)).toBe(before);
  });
});

describe('a pod that is deleted', () => {
  const grace = (spec: Obj, status: Obj, requested?: number) => {
    const pod = created(spec);
    pod.status = status;
    return Pod.grace?.(pod, requested);
  };

  it('gets the time it asks for on its node', () => {
    expect(grace({ nodeName: 'n1' }, { phase: 'Running' })).toBe(30);
    expect(grace({ nodeName: 'n1', terminationGracePeriodSeconds: 5 }, { phase: 'Running' })).toBe(5);
    expect(grace({ nodeName: 'n1' }, { phase: 'Running' }, 3)).toBe(3);
    expect(grace({ nodeName: 'n1' }, { phase: 'Running' }, 0)).toBe(0);
    expect(grace({ nodeName: 'n1' }, { phase: 'Running' }, -7)).toBe(1);
  });

  it('goes at once where nothing runs', () => {
    expect(grace({}, { phase: 'Pending' })).toBe(0);
    expect(grace({ nodeName: 'n1' }, { phase: 'Succeeded' }, 10)).toBe(0);
    expect(grace({ nodeName: 'n1' }, { phase: 'Failed' })).toBe(0);
  });
});

it('its author is warned of what will not work as meant', () => {
  const warnings =
    Pod.warnings?.(created({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }, { name: 'a.b' }), undefined) ?? [];
  expect(warnings[0]).toMatch(/^metadata.name: this is used in the Pod's hostname/);
  expect(warnings[1]).toBe('spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead');
});
