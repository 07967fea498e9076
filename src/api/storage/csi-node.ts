import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { checkNonNegative, checkQualifiedName } from '../machinery/checks.ts';
import { validateDriverName } from '../core/volume/sources.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { byteLength } from '../machinery/names.ts';

/** CSINode (registry/storage/csinode/strategy.go, storage/validation). */

const NODE_ID_MAX = 256;
const driversOf = (object: KubeObject): Obj[] => object.spec?.drivers ?? [];

function checkDriver(driver: Obj, seen: Set<string>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { name = '', nodeID = '' } = driver;
  const topologyKeys: string[] = driver.topologyKeys ?? [];
  validateDriverName(name, `${path}.name`, errors);
  if (!nodeID) errors.push(required(`${path}.nodeID`));
  if (byteLength(nodeID) > NODE_ID_MAX)
    errors.push(invalid(`${path}.nodeID`, nodeID, `must be ${NODE_ID_MAX} characters or less`));
  errors.push(...checkNonNegative(driver.allocatable?.count, `${path}.allocatable.count`));
  if (seen.has(name)) errors.push(duplicate(`${path}.name`, name));
  seen.add(name);
  topologyKeys.forEach((key, i) => {
    if (!key) errors.push(required(path));
    if (topologyKeys.indexOf(key) < i) errors.push(duplicate(path, key));
    errors.push(...checkQualifiedName(key, path));
  });
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const seen = new Set<string>();
  return driversOf(object).flatMap((driver, i) => checkDriver(driver, seen, `spec.drivers[${i}]`));
}

/** The internal driver, as an error prints it; what may be allocated is left out of the comparison. */
const shown = (driver: Obj): unknown => ({
  Name: driver.name ?? '',
  NodeID: driver.nodeID ?? '',
  TopologyKeys: driver.topologyKeys ?? null,
  Allocatable: null,
});

export const CSINode = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  resource: 'csinodes',
  namespaced: false,
  schema: goSchema('io.k8s.api.storage.v1.CSINode'),
  returnsDeleted: true,
  needsResourceVersion: true,
  skipsMetaOnUpdate: true,
  validateCreate: validate,
  validateUpdate(object, old) {
    const errors = [...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)];
    for (const before of driversOf(old)) {
      for (const now of driversOf(object)) {
        if (now.name !== before.name || equal(shown(now), shown(before))) continue;
        errors.push(invalid('spec.drivers', shown(now), FIELD_IMMUTABLE));
      }
    }
    return errors;
  },
  columns: columnsOf('storage.k8s.io/csinodes', nameCell, (object) => driversOf(object).length, ageCell),
});
