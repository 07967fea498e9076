import { describe, expect, it } from 'vitest';
import { checkClaim } from '../../../src/api/resource/claim-validation.ts';
import { checkSlice } from '../../../src/api/resource/slice-validation.ts';
import { checkMutatingPolicy, checkValidatingPolicy } from '../../../src/api/admissionregistration/policy.ts';
import type { FieldError } from '../../../src/api/machinery/field-errors.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';

const fields = (errors: FieldError[]) => errors.map(({ field, type }) => `${field} ${type}`);
const object = (spec: Obj) => ({ metadata: { name: 'x' }, spec }) as unknown as KubeObject;

describe('claims of devices', () => {
  const exactly = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 };
  const claim = (...requests: Obj[]) => fields(checkClaim({ devices: { requests } }, 'spec'));
  const at = 'spec.devices.requests[0]';

  it('ask for a class, in one way, under one name', () => {
    expect(claim({ name: 'r', exactly })).toEqual([]);
    expect(claim({ name: 'r' })).toEqual([`${at} FieldValueRequired`]);
    expect(claim({ name: 'r', exactly, firstAvailable: [{ name: 's', ...exactly }] })).toEqual([`${at} FieldValueInvalid`]);
    expect(claim({ name: 'r', exactly: { ...exactly, deviceClassName: 'UPPER' } })).toEqual([
      `${at}.exactly.deviceClassName FieldValueInvalid`,
    ]);
    expect(claim({ name: 'r', exactly: { ...exactly, allocationMode: 'All' } })).toEqual([
      `${at}.exactly.count FieldValueInvalid`,
    ]);
    expect(claim({ name: 'r', exactly }, { name: 'r', exactly })).toEqual(['spec.devices.requests[1] FieldValueDuplicate']);
  });

  it('refer to requests and their alternatives', () => {
    const requests = [{ name: 'r', firstAvailable: [{ name: 's', ...exactly }] }];
    const referring = (name: string) =>
      fields(checkClaim({ devices: { requests, constraints: [{ requests: [name], matchAttribute: 'a.b/c' }] } }, 'spec'));
    expect(referring('r')).toEqual([]);
    expect(referring('r/s')).toEqual([]);
    expect(referring('r/t')).toEqual(['spec.devices.constraints[0].requests[0] FieldValueInvalid']);
  });
});

describe('slices of devices', () => {
  const spec = { driver: 'd.example.com', pool: { name: 'p', resourceSliceCount: 1 }, nodeName: 'n' };

  it('belong to a driver, a pool and one kind of nodes', () => {
    expect(checkSlice(object(spec))).toEqual([]);
    expect(fields(checkSlice(object({ pool: {} })))).toEqual([
      'spec.driver FieldValueRequired',
      'spec.pool.name FieldValueRequired',
      'spec.pool.resourceSliceCount FieldValueInvalid',
      'spec FieldValueRequired',
    ]);
    expect(fields(checkSlice(object({ ...spec, allNodes: true })))).toEqual(['spec FieldValueInvalid']);
  });

  it('hold devices whose attributes have one value', () => {
    const device = (attributes: Obj) => fields(checkSlice(object({ ...spec, devices: [{ name: 'd', attributes }] })));
    expect(device({ model: { string: 'x' } })).toEqual([]);
    expect(device({ model: { string: 'x', bool: false } })).toEqual(['spec.devices[0].attributes[model] FieldValueInvalid']);
    expect(device({ 'bad!': { version: '1.x' } })).toEqual([
      'spec.devices[0].attributes FieldValueInvalid',
      'spec.devices[0].attributes[bad!].version FieldValueInvalid',
    ]);
  });
});

describe('admission policies', () => {
  const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' };
  const matchConstraints = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, resourceRules: [rule] };
  const common = { failurePolicy: 'Fail', matchConstraints };

  it('need something to match and something to say', () => {
    expect(checkValidatingPolicy(object({ ...common, validations: [{ expression: 'true' }] }))).toEqual([]);
    expect(fields(checkValidatingPolicy(object({ failurePolicy: 'x', paramKind: {} })))).toEqual([
      'spec.failurePolicy FieldValueNotSupported',
      'spec.paramKind.apiVersion FieldValueRequired',
      'spec.paramKind.kind FieldValueRequired',
      'spec.matchConstraints FieldValueRequired',
      'spec.validations FieldValueRequired',
      'spec.auditAnnotations FieldValueRequired',
    ]);
  });

  it('mutate in one way each, and nothing that goes', () => {
    const mutation = { patchType: 'JSONPatch', jsonPatch: { expression: '[]' } };
    const policy = (...mutations: Obj[]) =>
      fields(checkMutatingPolicy(object({ ...common, mutations, reinvocationPolicy: 'Never' })));
    expect(policy(mutation)).toEqual([]);
    expect(policy({ ...mutation, patchType: 'ApplyConfiguration' })).toEqual([
      'spec.mutations[0].applyConfiguration FieldValueRequired',
      'spec.mutations[0].jsonPatch FieldValueInvalid',
    ]);
    expect(policy()).toEqual(['spec.mutations FieldValueRequired']);
  });
});
