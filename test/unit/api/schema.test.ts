import { describe, expect, it } from 'vitest';
import table from '../../../src/api/openapi/schema.generated.json' with { type: 'json' };
import { hasType, typeOf } from '../../../src/api/schema/go-types.ts';

const typeNames = Object.entries(table.types).flatMap(([home, types]) => Object.keys(types).map((name) => `${home}.${name}`));

describe('the schema table', () => {
  it('expands every type, and every reference leads to one', () => {
    const broken = typeNames.flatMap((name) =>
      typeOf(name).list.flatMap((field) => {
        let type = field.type;
        while (type.item) type = type.item;
        return type.ref && !hasType(type.ref) ? [`${name}.${field.name}`] : [];
      }),
    );
    expect(broken).toEqual([]);
    expect(typeNames.length).toBeGreaterThan(800);
  });

  it('knows types, Go names and rules of fields', () => {
    const spec = typeOf('io.k8s.api.core.v1.PodSpec');
    expect(spec.go).toBe('PodSpec');
    expect(spec.required).toEqual(['containers']);
    expect(spec.fields.containers).toEqual({
      name: 'containers',
      required: true,
      omitEmpty: false,
      omitZero: false,
      patchStrategy: 'merge',
      patchMergeKey: 'name',
      type: {
        t: 'array',
        go: '[]v1.Container',
        pointer: false,
        listType: 'map',
        keys: ['name'],
        item: { t: 'struct', go: 'v1.Container', ref: 'io.k8s.api.core.v1.Container', pointer: false },
      },
    });
    expect(spec.fields.restartPolicy.type).toEqual({ t: 'string', go: 'v1.RestartPolicy', pointer: false });
    expect(spec.fields.terminationGracePeriodSeconds.type).toEqual({ t: 'int64', go: 'int64', pointer: true });
    expect(spec.fields.nodeSelector.type).toMatchObject({ t: 'map', mapType: 'atomic', go: 'map[string]string' });
    expect(spec.fields.topologySpreadConstraints.type.keys).toEqual(['topologyKey', 'whenUnsatisfiable']);
  });

  it('puts embedded fields in their place and remembers by what they were embedded', () => {
    const volume = typeOf('io.k8s.api.core.v1.Volume');
    expect(volume.fields.emptyDir.embedded).toBe('VolumeSource');
    expect(volume.fields.name.embedded).toBeUndefined();
  });

  it('keeps apart what prints its zero and what does not', () => {
    const meta = typeOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
    expect(meta.fields.creationTimestamp).toMatchObject({ omitEmpty: true, omitZero: true, type: { t: 'time', pointer: false } });
    expect(typeOf('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector').atomic).toBe(true);
    expect(typeOf('io.k8s.api.apps.v1.Deployment').isKind).toBe(true);
  });

  it('finds no field called like a property of every object', () => {
    expect(typeOf('io.k8s.api.core.v1.ConfigMap').fields.constructor).toBeUndefined();
    expect(typeOf('io.k8s.api.core.v1.ConfigMap').fields.toString).toBeUndefined();
  });

  it('throws on a type that is not there', () => {
    expect(hasType('io.k8s.api.core.v1.Nope')).toBe(false);
    expect(() => typeOf('io.k8s.api.core.v1.Nope')).toThrow('no such type in the schema table');
  });
});
