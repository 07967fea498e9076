import { beforeEach, describe, expect, it } from 'vitest';
import { clone, type KubeObject, type Obj } from '../../../src/lib/json.ts';
import type { TokenClaims } from '../../../src/api/machinery/token-issuer.ts';
import { KindTable, kindTable } from '../../../src/api/kinds.ts';
import { goSchema } from '../../../src/api/schema/go.ts';
import { defineKind } from '../../../src/api/machinery/define-kind.ts';
import { badRequest } from '../../../src/api/machinery/status-errors.ts';
import { subresourcesOf } from '../../../src/api/machinery/subresources.ts';
import { CONNECTS } from '../../../src/apiserver/handlers/connect.ts';
import type { AdmissionRequest } from '../../../src/registry/ports.ts';
import { minimal } from '../../fixtures/objects.ts';
import { RegistryBench, refusal } from '../../host/make-registry.ts';

let bench: RegistryBench;
const issued: TokenClaims[] = [];
const pods = () => bench.kind('pods');
const pod = (name = 'p', status?: Obj): KubeObject => {
  const made = bench.registry.create(pods(), minimal(pods(), name), bench.options(pods())).object;
  if (!status) return made;
  const next = { ...clone(made), status };
  return bench.registry.update(pods(), next, bench.options(pods(), { name, subresource: 'status' })).object;
};
const post = (subresource: string, object: Obj, name = 'p', more: Obj = {}) =>
  bench.registry.create(pods(), object as KubeObject, bench.options(pods(), { name, subresource, ...more }));

beforeEach(() => {
  issued.length = 0;
  bench = new RegistryBench({
    tokens: { audiences: ['api'], issue: (claims) => `token-${issued.push(claims)}`, issueForSecret: () => '' },
  });
});

describe('binding', () => {
  const binding = (node = 'n1', more: Obj = {}) => ({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'p', ...more },
    target: { kind: 'Node', name: node },
  });

  it('[REG61] gives a pod its node and says so', () => {
    pod();
    expect(post('binding', binding('n1', { annotations: { a: 'b' } })).object).toMatchObject({
      kind: 'Status',
      status: 'Success',
    });
    const bound = bench.registry.object('pods', 'default', 'p');
    expect(bound?.spec.nodeName).toBe('n1');
    expect(bound?.metadata.annotations).toEqual({ a: 'b' });
    expect(bound?.status.conditions).toContainEqual({
      type: 'PodScheduled',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
  });

  it("[REG61] refuses a second one in upstream's words, and other pods than the one meant", () => {
    pod();
    const wrong = refusal(() => post('binding', binding('n1', { uid: 'other' })));
    expect(wrong.message).toContain('Precondition failed: UID in precondition: other');
    post('binding', binding());
    expect(refusal(() => post('binding', binding('n2')))).toMatchObject({
      code: 409,
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    });
    expect(refusal(() => post('binding', binding(), 'q')).code).toBe(400);
    expect(refusal(() => post('binding', { ...binding(), metadata: { name: 'q' } }, 'q')).code).toBe(404);
    expect(refusal(() => post('binding', binding(''))).message).toBe('target.name: Required value');
  });
});

describe('eviction', () => {
  const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } };
  const budget = (name: string, status: Obj) => {
    const kind = bench.kind('policy/poddisruptionbudgets');
    const made = bench.registry.create(kind, minimal(kind, name), bench.options(kind)).object;
    const next = { ...clone(made), status: { observedGeneration: made.metadata.generation, ...status } };
    bench.registry.update(kind, next, bench.options(kind, { name, subresource: 'status' }));
  };
  const evicted = () => bench.registry.object('pods', 'default', 'p')?.metadata.deletionTimestamp !== undefined;

  it('[REG62] deletes a pod that no budget guards, with a condition', () => {
    pod('p', running);
    expect(post('eviction', eviction).object).toMatchObject({ kind: 'Status', status: 'Success' });
    const rows = bench.registry.store.after(2);
    expect(rows[0]?.json).toContain('"reason":"EvictionByEvictionAPI"');
  });

  it('[REG62] asks the budget, and takes one disruption from it', () => {
    pod('p', running);
    budget('b', { disruptionsAllowed: 0, desiredHealthy: 1, currentHealthy: 1 });
    const status = refusal(() => post('eviction', eviction));
    expect(status).toMatchObject({ code: 429, message: "Cannot evict pod as it would violate the pod's disruption budget." });
    expect(status.details.causes).toEqual([
      { reason: 'DisruptionBudget', message: 'The disruption budget b needs 1 healthy pods and has 1 currently' },
    ]);
    expect(evicted()).toBe(false);
    bench = new RegistryBench();
    pod('p', running);
    budget('b', { disruptionsAllowed: 1, desiredHealthy: 0, currentHealthy: 1 });
    post('eviction', eviction);
    const after = bench.registry.object('policy/poddisruptionbudgets', 'default', 'b');
    expect(after?.status).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { p: '2026-01-01T00:00:00Z' } });
  });

  it('[REG62] does not ask for pods that do not run, and cannot serve two budgets', () => {
    budget('b', { disruptionsAllowed: 0 });
    pod('p', { phase: 'Failed' });
    expect(post('eviction', eviction).object.status).toBe('Success');
    bench = new RegistryBench();
    budget('b', { disruptionsAllowed: 1 });
    budget('c', { disruptionsAllowed: 1 });
    pod('p', running);
    expect(post('eviction', eviction).object).toMatchObject({ status: 'Failure', code: 500 });
  });
});

describe('scale', () => {
  it('[REG60] reads and changes the replicas, and moves their owner', () => {
    const kind = bench.kind('apps/deployments');
    bench.registry.create(kind, minimal(kind), bench.options(kind));
    const scale = bench.registry.getSubresource(kind, 'scale', 'default', 'one');
    expect(scale).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=x' },
    });
    expect(scale.metadata.managedFields).toBeUndefined();
    const options = bench.options(kind, { name: 'one', subresource: 'scale', fieldManager: 'scaler' });
    const result = bench.registry.patch(kind, 'merge', '{"spec":{"replicas":4}}', options);
    expect(result.object).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
    const live = bench.registry.object('apps/deployments', 'default', 'one');
    expect(live?.spec.replicas).toBe(4);
    const mine = live?.metadata.managedFields?.find((m) => m.manager === 'scaler');
    expect(mine).toEqual({
      manager: 'scaler',
      operation: 'Update',
      apiVersion: 'apps/v1',
      fieldsType: 'FieldsV1',
      subresource: 'scale',
      fieldsV1: { 'f:spec': { 'f:replicas': {} } },
    });
    const test = live?.metadata.managedFields?.find((m) => m.manager === 'test');
    expect(test?.fieldsV1['f:spec']['f:replicas']).toBeUndefined();
    expect(refusal(() => bench.registry.patch(kind, 'merge', '{"spec":{"replicas":-1}}', options)).message).toBe(
      'Scale.autoscaling "one" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
});

describe('ephemeral containers and resize', () => {
  it('[REG60] let only their part pass', () => {
    const made = pod();
    const next = clone(made);
    next.metadata.labels = { sneaked: 'in' };
    next.spec.containers[0].image = 'other';
    next.spec.ephemeralContainers = [{ name: 'debug', image: 'busybox' }];
    const options = bench.options(pods(), { name: 'p', subresource: 'ephemeralcontainers' });
    const { object } = bench.registry.update(pods(), next, options);
    expect(object.spec.ephemeralContainers).toMatchObject([{ name: 'debug' }]);
    expect(object.spec.containers[0].image).toBe('nginx');
    expect(object.metadata.labels).toEqual({ app: 'x' });
  });
});

describe('tokens', () => {
  const accounts = () => bench.kind('serviceaccounts');
  const request = (spec: Obj = {}) =>
    bench.registry.create(
      accounts(),
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec } as unknown as KubeObject,
      bench.options(accounts(), { name: 'one', subresource: 'token' }),
    ).object;

  beforeEach(() => {
    bench.registry.create(accounts(), minimal(accounts()), bench.options(accounts()));
  });

  it('[REG63] are signed for the account, an hour by default', () => {
    expect(request().status).toEqual({ token: 'token-1', expirationTimestamp: '2026-01-01T01:00:00Z' });
    expect(issued[0]).toMatchObject({ audiences: ['api'], expirationSeconds: 3600 });
    expect(issued[0]?.account.metadata.name).toBe('one');
  });

  it('[REG63] are bound to what they name, and refused where it does not fit', () => {
    expect(refusal(() => request({ expirationSeconds: 5 })).message).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
    );
    expect(refusal(() => request({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } })).code).toBe(404);
    expect(refusal(() => request({ boundObjectRef: { apiVersion: 'v1', kind: 'Service', name: 'p' } })).message).toBe(
      'cannot bind token to object of type /v1, Kind=Service',
    );
    pod();
    expect(refusal(() => request({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } })).message).toContain(
      'to pod running with different serviceaccount name',
    );
  });
});

describe('a subresource of a kind that is made up', () => {
  const Lamp = defineKind({
    group: 'example.com',
    version: 'v1',
    kind: 'Lamp',
    resource: 'lamps',
    namespaced: true,
    schema: goSchema('io.k8s.api.core.v1.ConfigMap'),
    scale: { spec: ['data', 'lit'], status: ['data', 'lit'], selector: ['data', 'selector'], selectorForm: 'map' },
    subresources: {
      switch: {
        verbs: ['create'],
        post(sent, { name, namespace, get, store, admit, annotate }) {
          const lamp = get('example.com/lamps', namespace, name as string) as KubeObject;
          admit();
          store('example.com/lamps', { ...lamp, metadata: { ...lamp.metadata }, data: { ...lamp.data, on: sent.on } }, lamp);
          annotate?.('switched', sent.on);
          return { kind: 'Switched', on: sent.on };
        },
      },
    },
  });

  it('[REG64] does what the kind says, in one transaction with its admission', () => {
    const seen: unknown[] = [];
    const review = ({ subresource, operation, object, size }: AdmissionRequest) => {
      seen.push([operation, subresource, object?.on ?? '', size === undefined]);
      if (object?.on === 'no') throw badRequest('no');
    };
    const kinds = new KindTable([...kindTable(false).kinds, Lamp], false);
    bench = new RegistryBench({ kinds: () => kinds, admission: [{ review }] });
    const options = (more: Obj = {}) => bench.options(Lamp, { name: 'l', ...more });
    const lamp = { kind: 'Lamp', apiVersion: 'example.com/v1', metadata: { name: 'l' }, data: { lit: 2 as never } };
    bench.registry.create(Lamp, lamp as never, bench.options(Lamp, { decoded: true }));
    const told: string[] = [];
    const annotate = (key: string, value: string) => void told.push(`${key}=${value}`);
    const press = (on: string, more: Obj = {}) =>
      bench.registry.create(Lamp, { on } as never, options({ subresource: 'switch', annotate, ...more }));
    expect(press('yes').object).toEqual({ kind: 'Switched', on: 'yes' });
    expect(refusal(() => press('no')).message).toBe('no');
    press('dry', { dryRun: true });
    expect(bench.registry.object('example.com/lamps', 'default', 'l')?.data).toMatchObject({ on: 'yes' });
    expect(seen).toEqual([
      ['CREATE', '', '', false],
      ['CREATE', 'switch', 'yes', true],
      ['CREATE', 'switch', 'no', true],
      ['CREATE', 'switch', 'dry', true],
    ]);
    expect(told).toEqual(['switched=yes', 'switched=dry']);
    expect(refusal(() => bench.registry.create(Lamp, {} as never, options({ subresource: 'break' }))).code).toBe(400);
    expect(refusal(() => bench.registry.update(Lamp, {} as never, options({ subresource: 'switch' }))).code).toBe(400);
    const scale = bench.registry.getSubresource(Lamp, 'scale', 'default', 'l');
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 2 }, status: { replicas: 2 } });
  });

  it('[REG64] is negotiated like any other but for those that connect, which their names tell', () => {
    const kinds = kindTable(false).kinds;
    const connecting = kinds.flatMap((kind) => Object.entries(subresourcesOf(kind)).filter(([, { locate }]) => locate));
    expect(new Set(connecting.map(([name]) => name))).toEqual(CONNECTS);
  });
});
