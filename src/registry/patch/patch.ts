import { OPERATIONS_MAX } from '../limits.ts';
import {
  checkStructure,
  type FieldValidation,
  isVersionless,
  misidentified,
  StructureError,
} from '../../api/machinery/decode.ts';
import { invalid } from '../../api/machinery/field-errors.ts';
import { goQuote } from '../../api/machinery/go-text.ts';
import { goNumbers, jsonText, parseDigits } from '../../api/machinery/numerals.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { type StructType, type TypeNode, typeOf } from '../../api/schema/go-types.ts';
import { badRequest, failure, invalidError, StatusError } from '../../api/machinery/status-errors.ts';
import { clone, isObject, type KubeObject, type Obj } from '../../lib/json.ts';
import { orderedMeta } from '../encode.ts';
import type { PatchType } from '../options.ts';
import { fieldContext } from '../steps.ts';
import type { WriteScope } from '../write-scope.ts';
import { formOf, type PatchBody, readJson, readYaml } from './body.ts';
import { applyConfiguration, gvkText } from './apply.ts';
import { jsonPatch, PatchError } from './json.ts';
import { mergePatch } from './merge.ts';
import { strategicMerge, StrategicError } from './strategic.ts';
import { goPlain } from './typed-merge.ts';
import { converterMessage, unstructuredProblem, withCutIntegers } from './unstructured.ts';

/** Makes the client's view of the new state, decoded, from its view of the live one. */
export type Change = (live: KubeObject | undefined) => KubeObject;

/**
 * Turns a patch into a change of the live object (handlers/patch.go). The body is read at once, so that a bad one is refused
 * whether or not the object exists. Checks against the address, defaults and managed fields are left to the pipeline, but for
 * an apply, which merges managed fields with everything else. Only an apply may change an absent object.
 */
export function changeByPatch(scope: WriteScope, type: PatchType, text: string): Change {
  if (type === 'apply') return applyChange(scope, text);
  const lead = type === 'strategic' ? '' : 'error decoding patch: ';
  const body = readJson(text, lead, type === 'merge' && isIgnored(scope) ? 'Invalid JSON Patch' : undefined);
  return (live) => patchedObject(scope, type, live as KubeObject, body);
}

function patchedObject(scope: WriteScope, type: 'json' | 'merge' | 'strategic', live: KubeObject, body: PatchBody): KubeObject {
  const current = clone(live);
  switch (type) {
    case 'json': {
      const patched = byOperations(scope, current, body.value);
      const strict = body.strict.map((text) => `json patch ${text}`);
      const shown = () =>
        patchedText(scope, live, (ordered) => byOperations(scope, ordered, body.value), placesOf(body.value as Obj[]));
      return decoded(scope, type, identified(scope, patched, shown), strict, shown);
    }
    case 'merge': {
      const patched = byMerge(scope, current, body.value);
      const shown = () => patchedText(scope, live, (ordered) => byMerge(scope, ordered, body.value), body.value);
      return decoded(scope, type, identified(scope, patched, shown), body.strict, shown);
    }
    case 'strategic': {
      if (body.value !== null && !isObject(body.value))
        throw badRequest(`json: cannot unmarshal ${formOf(body.value)} into Go value of type map[string]interface {}`);
      const patch = goNumbers(body.value ?? {}) as Obj;
      const patched = byStrategy(scope.strategy.schema, current, clone(patch));
      const object = decoded(
        scope,
        type,
        patched,
        body.strict,
        () => goPlain(patch),
        unstructuredProblem(scope.strategy.schema.struct, patched),
      );
      object.kind = scope.strategy.kind;
      object.apiVersion = scope.strategy.apiVersion;
      return object;
    }
  }
}

const isIgnored = ({ options }: WriteScope): boolean => options.fieldValidation === 'Ignore';

function byOperations(scope: WriteScope, current: KubeObject, operations: unknown): unknown {
  if (operations === null) return current;
  if (!Array.isArray(operations)) {
    const lead = `json: cannot unmarshal ${formOf(operations)} into Go value of type`;
    throw badRequest(isIgnored(scope) ? `${lead} jsonpatch.Patch` : `error decoding patch: ${lead} []handlers.jsonPatchOp`);
  }
  if (operations.length > OPERATIONS_MAX) {
    const message = `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${operations.length}`;
    throw failure(413, 'RequestEntityTooLarge', message);
  }
  for (const operation of operations) checkOperation(scope, operation);
  try {
    return jsonPatch(current, operations);
  } catch (error) {
    if (error instanceof PatchError) throw unprocessable();
    throw error;
  }
}

/** Checks one operation as Go's decoder does; without validation only its form. */
function checkOperation(scope: WriteScope, operation: unknown): void {
  const refuse = (value: unknown, where: string) =>
    badRequest(`${isIgnored(scope) ? '' : 'error decoding patch: '}json: cannot unmarshal ${formOf(value)} into Go ${where}`);
  if (operation === null) return;
  if (!isObject(operation)) {
    throw refuse(operation, `value of type ${isIgnored(scope) ? 'jsonpatch.Operation' : 'handlers.jsonPatchOp'}`);
  }
  if (isIgnored(scope)) return;
  for (const name of ['op', 'path', 'from']) {
    const value = operation[name];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw refuse(value, `struct field jsonPatchOp.${name} of type string`);
    }
  }
}

function byMerge(scope: WriteScope, current: KubeObject, patch: unknown): unknown {
  if (patch === null) throw badRequest('Invalid JSON Patch');
  // A list takes the place of the document.
  if (Array.isArray(patch) && isIgnored(scope)) return patch;
  if (!isObject(patch)) {
    const lead = `error decoding patch: json: cannot unmarshal ${formOf(patch)} into Go value of type map[string]interface {}`;
    throw badRequest(isIgnored(scope) ? 'Invalid JSON Patch' : lead);
  }
  return mergePatch(current, clone(patch));
}

function byStrategy({ struct }: Schema, current: KubeObject, patch: Obj): unknown {
  try {
    return strategicMerge(struct, current, patch);
  } catch (error) {
    if (!(error instanceof StrategicError)) throw error;
    if (error.code === 422) throw unprocessable();
    throw error.code === 400 ? badRequest(error.message) : failure(500, '', error.message);
  }
}

/** errors.NewGenericServerResponse of a 422: the answer gives no reason. */
const unprocessable = (): StatusError =>
  failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

/** The 422 about `patch` for an unreadable result. */
function unreadable(shown: string, message: string): StatusError {
  const error = invalidError('', '', '', [invalid('patch', shown, message)]);
  return failure(422, 'Invalid', error.message, { causes: error.status.details.causes });
}

/** The patched object as Go would decode it. `problem` is a known error of it. */
function decoded(
  scope: WriteScope,
  type: PatchType,
  patched: unknown,
  strict: string[],
  shown: () => string,
  problem?: string,
): KubeObject {
  const mode = scope.options.fieldValidation ?? 'Warn';
  if (problem) throw unreadable(shown(), problem);
  try {
    const { object, warnings } = (type === 'strategic' ? converted : checkStructure)(scope.strategy.schema, patched, mode);
    if (strict.length && mode === 'Strict') throw unreadable(shown(), `strict decoding error: ${strict.join(', ')}`);
    if (mode === 'Warn') scope.warnings.push(...strict, ...warnings);
    object.metadata ??= {} as KubeObject['metadata'];
    return object;
  } catch (error) {
    if (!(error instanceof StructureError)) throw error;
    const text = shown();
    const { strict: more, message } = type === 'strategic' ? error : asRead(scope.strategy.schema, text, mode, error);
    if (more.length) throw unreadable(text, `strict decoding error: ${[...strict, ...more].join(', ')}`);
    throw unreadable(text, type === 'strategic' ? converterMessage(scope.strategy.schema.struct, patched, message) : message);
  }
}

/** The errors of the patched document in the order in which its text has them. */
function asRead(schema: Schema, text: string, mode: FieldValidation, error: StructureError): StructureError {
  try {
    checkStructure(schema, parseDigits(text), mode);
  } catch (other) {
    if (other instanceof StructureError) return other;
    throw other;
  }
  return error;
}

/**
 * Refuses a patched document of another kind, and returns it as it is to be read: in the version of the address, or
 * empty when it lost its version.
 */
function identified({ strategy, kind, options, warnings }: WriteScope, patched: unknown, shown: () => string): unknown {
  if (isObject(patched) && patched.kind === strategy.kind && patched.apiVersion === strategy.apiVersion) return patched;
  const siblings = [{ ...kind, toStored: same, fromStored: same }, ...(kind.versions ?? [])];
  const [group, version] = strategy.apiVersion.includes('/') ? strategy.apiVersion.split('/') : ['', strategy.apiVersion];
  const target = { group, version, kind: strategy.kind, schema: strategy.schema, siblings };
  const named = { kind: strategy.kind, apiVersion: strategy.apiVersion };
  if (isObject(patched) && isVersionless(target, patched)) {
    const unknown = Object.keys(patched)
      .filter((name) => name !== 'kind' && name !== 'apiVersion')
      .sort();
    const strict = unknown.map((name) => `unknown field ${goQuote(name)}`);
    if (strict.length && options.fieldValidation === 'Strict') {
      throw unreadable(shown(), `strict decoding error: ${strict.join(', ')}`);
    }
    if (options.fieldValidation !== 'Ignore') warnings.push(...strict);
    return named;
  }
  const wrong = misidentified(target, patched, '');
  if (wrong) throw unreadable(shown(), misidentified(target, patched, shown()) as string);
  return { ...(patched as Obj), ...named };
}
const same = (object: Obj) => object;

/**
 * The patched document as Go prints it: sorted where the patch went, as it was sent where it is new, in the order of the fields
 * elsewhere. Made again from the live object, since only messages need it.
 */
function patchedText(
  { strategy }: WriteScope,
  live: KubeObject,
  patch: (ordered: KubeObject) => unknown,
  places: unknown,
): string {
  const ordered = clone(inGoOrder(strategy.schema.struct, { ...live, metadata: orderedMeta(live.metadata) })) as KubeObject;
  return jsonText(touched(patch(ordered), places));
}

/** Fields in the order of their Go struct. */
function inGoOrder(type: StructType | undefined, value: unknown): unknown {
  if (!type || !isObject(value)) return value;
  const out: Obj = {};
  for (const { name, type: node } of type.list) if (value[name] !== undefined) out[name] = nodeInGoOrder(node, value[name]);
  for (const name in value) if (!(name in out)) out[name] = value[name];
  return out;
}

function nodeInGoOrder(node: TypeNode, value: unknown): unknown {
  if (node.t === 'struct' && node.ref) return inGoOrder(typeOf(node.ref), value);
  if (node.t === 'array' && Array.isArray(value)) return value.map((item) => nodeInGoOrder(node.item as TypeNode, item));
  if (node.t !== 'map' || !isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, nodeInGoOrder(node.item as TypeNode, value[name])]),
  );
}

/** A merge patch's value with sorted keys: Go rebuilds it without its nulls. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sortedKeys(value[name])]),
  );
}

/** The containers that operations went into, as nested objects. */
function placesOf(operations: Obj[]): Obj {
  const places: Obj = {};
  for (const { path, from } of operations) {
    for (const pointer of [path, from]) {
      let at = places;
      if (typeof pointer === 'string') for (const token of pointer.split('/').slice(1, -1)) at = at[token] ??= {};
    }
  }
  return places;
}

function touched(value: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return sortedKeys(value);
  if (!isObject(patch)) return value;
  if (Array.isArray(value)) return value.map((item, i) => (String(i) in patch ? touched(item, patch[i]) : item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, name in patch ? touched(value[name], patch[name]) : value[name]]),
  );
}

/** checkStructure for what upstream's converter reads: it cuts big integers where JSON refuses them. */
function converted(schema: Schema, value: unknown, mode: FieldValidation): ReturnType<typeof checkStructure> {
  try {
    return checkStructure(schema, value, mode);
  } catch (error) {
    if (
      !(error instanceof StructureError) ||
      !/cannot unmarshal number \S+ into .* of type (?:int32|int64|uint8)$/.test(error.message)
    )
      throw error;
    return checkStructure(schema, withCutIntegers(schema.struct, value), mode);
  }
}

function applyChange(scope: WriteScope, text: string): Change {
  const { options, strategy, warnings } = scope;
  const body = readYaml(text);
  const config = body.value;
  return (live) => {
    const request = { live, config, manager: options.fieldManager ?? '', force: options.force === true, kind: strategy.kind };
    const merged = applyConfiguration(request, fieldContext(scope));
    const mode = options.fieldValidation ?? 'Warn';
    if (body.strict.length && mode === 'Strict') throw badRequest(`error strict decoding YAML: ${body.strict[0]}`);
    if (body.strict.length && mode === 'Warn') warnings.push(...body.strict);
    const { managedFields } = merged.metadata;
    let object: KubeObject;
    try {
      object = converted(strategy.schema, withoutManagedFields(merged), 'Ignore').object;
    } catch (error) {
      if (!(error instanceof StructureError)) throw error;
      throw failure(500, '', unconvertible(scope, config, converterMessage(strategy.schema.struct, merged, error.message)));
    }
    object.metadata ??= {} as KubeObject['metadata'];
    if (managedFields) object.metadata.managedFields = managedFields;
    return object;
  };
}

function unconvertible({ strategy }: WriteScope, config: Obj, message: string): string {
  const gvk = gvkText(strategy.apiVersion, strategy.kind);
  const { name = '', namespace = '' } = config.metadata ?? {};
  const lead = `failed to convert new object (${namespace}/${name}; ${gvk}) to proper version: unable to convert unstructured object`;
  return `${lead} to ${gvk}: ${message}`;
}

/** A copy without managed fields, which nobody changes in place. */
function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return clone({ ...object, metadata }) as KubeObject;
}
