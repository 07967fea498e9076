import { checkStructure, isVersionless, misidentified, StructureError } from '../../api/machinery/decode.ts';
import { goQuote, invalid } from '../../api/machinery/field-errors.ts';
import { goNumbers, jsonText, parseDigits } from '../../api/machinery/numerals.ts';
import { type StructType, type TypeNode, typeOf } from '../../api/machinery/schema.ts';
import { badRequest, conflict, failure, invalidError, notFoundError, StatusError } from '../../api/machinery/status-errors.ts';
import { clone, type KubeObject, type Obj } from '../../lib/json.ts';
import { fieldContext } from '../doors.ts';
import { checkName, ensureNamespace } from '../names.ts';
import type { FieldValidation, PatchType } from '../options.ts';
import { type Change, nameOf, type Passage, track } from '../pipeline.ts';
import { orderedMeta } from '../encode.ts';
import { formOf, isObject, type PatchBody, readJson, readYaml } from './body.ts';
import { applyConfiguration, gvkText } from './apply.ts';
import { jsonPatch, OPERATIONS_MAX, PatchError } from './json.ts';
import { mergePatch } from './merge.ts';
import { strategicMerge, StrategicError } from './strategic.ts';
import { goPlain } from './typed-merge.ts';
import { converterMessage, unstructuredProblem, withCutIntegers } from './unstructured.ts';

/**
 * Turns a patch into a change of the live object (handlers/patch.go). The body is read at once, so that a bad one is refused whether or
 * not the object exists.
 */
export function changeByPatch(p: Passage, type: PatchType, text: string): Change {
  if (type === 'apply') return applyChange(p, text);
  const lead = type === 'strategic' ? '' : 'error decoding patch: ';
  const body = readJson(text, lead, type === 'merge' && isIgnored(p) ? 'Invalid JSON Patch' : undefined);
  return (live) => {
    if (!live) throw notFoundError(nameOf(p.kind), p.options.name as string);
    const patched = patchedObject(p, type, live, body);
    const view = checked(p, live, patched);
    track(p, live, view);
    return view;
  };
}

function patchedObject(p: Passage, type: 'json' | 'merge' | 'strategic', live: KubeObject, body: PatchBody): KubeObject {
  const current = clone(live);
  switch (type) {
    case 'json': {
      const patched = byOperations(p, current, body.value);
      const strict = body.strict.map((text) => `json patch ${text}`);
      const shown = () => patchedText(p, live, (ordered) => byOperations(p, ordered, body.value), placesOf(body.value as Obj[]));
      return decoded(p, type, identified(p, patched, shown), strict, shown);
    }
    case 'merge': {
      const patched = byMerge(p, current, body.value);
      const shown = () => patchedText(p, live, (ordered) => byMerge(p, ordered, body.value), body.value);
      return decoded(p, type, identified(p, patched, shown), body.strict, shown);
    }
    case 'strategic': {
      if (body.value !== null && !isObject(body.value))
        throw badRequest(`json: cannot unmarshal ${formOf(body.value)} into Go value of type map[string]interface {}`);
      const patch = goNumbers(body.value ?? {}) as Obj;
      const patched = byStrategy(p.door.type, current, clone(patch));
      const object = decoded(p, type, patched, body.strict, () => goPlain(patch), unstructuredProblem(p.door.type, patched));
      object.kind = p.door.kind;
      object.apiVersion = p.door.apiVersion;
      return object;
    }
  }
}

const isIgnored = ({ options }: Passage): boolean => options.fieldValidation === 'Ignore';

function byOperations(p: Passage, current: KubeObject, operations: unknown): unknown {
  if (operations === null) return current;
  if (!Array.isArray(operations)) {
    const lead = `json: cannot unmarshal ${formOf(operations)} into Go value of type`;
    throw badRequest(isIgnored(p) ? `${lead} jsonpatch.Patch` : `error decoding patch: ${lead} []handlers.jsonPatchOp`);
  }
  if (operations.length > OPERATIONS_MAX) {
    const message = `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${operations.length}`;
    throw failure(413, 'RequestEntityTooLarge', message);
  }
  for (const operation of operations) checkOperation(p, operation);
  try {
    return jsonPatch(current, operations);
  } catch (error) {
    if (error instanceof PatchError) throw unprocessable();
    throw error;
  }
}

/** What Go's decoder holds against one operation; without validation it looks at the form alone. */
function checkOperation(p: Passage, operation: unknown): void {
  const refuse = (value: unknown, where: string) =>
    badRequest(`${isIgnored(p) ? '' : 'error decoding patch: '}json: cannot unmarshal ${formOf(value)} into Go ${where}`);
  if (operation === null) return;
  if (!isObject(operation)) {
    throw refuse(operation, `value of type ${isIgnored(p) ? 'jsonpatch.Operation' : 'handlers.jsonPatchOp'}`);
  }
  if (isIgnored(p)) return;
  for (const name of ['op', 'path', 'from']) {
    const value = operation[name];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw refuse(value, `struct field jsonPatchOp.${name} of type string`);
    }
  }
}

function byMerge(p: Passage, current: KubeObject, patch: unknown): unknown {
  if (patch === null) throw badRequest('Invalid JSON Patch');
  // A list takes the place of the document.
  if (Array.isArray(patch) && isIgnored(p)) return patch;
  if (!isObject(patch)) {
    const lead = `error decoding patch: json: cannot unmarshal ${formOf(patch)} into Go value of type map[string]interface {}`;
    throw badRequest(isIgnored(p) ? 'Invalid JSON Patch' : lead);
  }
  return mergePatch(current, clone(patch));
}

function byStrategy(type: string, current: KubeObject, patch: Obj): unknown {
  try {
    return strategicMerge(type, current, patch);
  } catch (error) {
    if (!(error instanceof StrategicError)) throw error;
    if (error.code === 422) throw unprocessable();
    throw error.code === 400 ? badRequest(error.message) : failure(500, '', error.message);
  }
}

/** errors.NewGenericServerResponse of a 422: clients are not told why. */
const unprocessable = (): StatusError =>
  failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

/** What a patch made cannot be read: a 422 about `patch`. */
function unreadable(shown: string, message: string): StatusError {
  const error = invalidError('', '', '', [invalid('patch', shown, message)]);
  return failure(422, 'Invalid', error.message, { causes: error.status.details.causes });
}

/** The patched object as Go would decode it. `problem` is what is known to be wrong with it already. */
function decoded(
  p: Passage,
  type: PatchType,
  patched: unknown,
  strict: string[],
  shown: () => string,
  problem?: string,
): KubeObject {
  const mode = p.options.fieldValidation ?? 'Warn';
  if (problem) throw unreadable(shown(), problem);
  try {
    const { object, warnings } = (type === 'strategic' ? converted : checkStructure)(p.door.type, patched, mode);
    if (strict.length && mode === 'Strict') throw unreadable(shown(), `strict decoding error: ${strict.join(', ')}`);
    if (mode === 'Warn') p.warnings.push(...strict, ...warnings);
    object.metadata ??= {} as KubeObject['metadata'];
    return object;
  } catch (error) {
    if (!(error instanceof StructureError)) throw error;
    const text = shown();
    const { strict: more, message } = type === 'strategic' ? error : asRead(p.door.type, text, mode, error);
    if (more.length) throw unreadable(text, `strict decoding error: ${[...strict, ...more].join(', ')}`);
    throw unreadable(text, type === 'strategic' ? converterMessage(p.door.type, patched, message) : message);
  }
}

/** The errors of the patched document in the order in which its text has them. */
function asRead(type: string, text: string, mode: FieldValidation, error: StructureError): StructureError {
  try {
    checkStructure(type, parseDigits(text), mode);
  } catch (other) {
    if (other instanceof StructureError) return other;
    throw other;
  }
  return error;
}

/**
 * Refuses a document that a patch made one of another kind, and gives it back as it is to be read: in the version of the address, or
 * empty when it lost its version.
 */
function identified({ door, kind, options, warnings }: Passage, patched: unknown, shown: () => string): unknown {
  if (isObject(patched) && patched.kind === door.kind && patched.apiVersion === door.apiVersion) return patched;
  const siblings = [{ ...kind, toStored: same, fromStored: same }, ...(kind.versions ?? [])];
  const [group, version] = door.apiVersion.includes('/') ? door.apiVersion.split('/') : ['', door.apiVersion];
  const target = { group, version, kind: door.kind, type: door.type, siblings };
  const named = { kind: door.kind, apiVersion: door.apiVersion };
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
function patchedText({ door }: Passage, live: KubeObject, patch: (ordered: KubeObject) => unknown, places: unknown): string {
  const ordered = clone(inGoOrder(typeOf(door.type), { ...live, metadata: orderedMeta(live.metadata) })) as KubeObject;
  return jsonText(touched(patch(ordered), places));
}

/** Fields in the order of their Go struct. */
function inGoOrder(type: StructType, value: unknown): unknown {
  if (!isObject(value)) return value;
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

/** What a merge patch brings is taken apart for its nulls, and so comes out sorted. */
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
function converted(type: string, value: unknown, mode: FieldValidation): ReturnType<typeof checkStructure> {
  try {
    return checkStructure(type, value, mode);
  } catch (error) {
    if (
      !(error instanceof StructureError) ||
      !/cannot unmarshal number \S+ into .* of type (?:int32|int64|uint8)$/.test(error.message)
    )
      throw error;
    return checkStructure(type, withCutIntegers(type, value), mode);
  }
}

/** What every patch's result must agree with: the address, and that it is the same object still. */
function checked(p: Passage, live: KubeObject | undefined, object: KubeObject): KubeObject {
  const { kind, options, door } = p;
  if (object.metadata.uid && !live) {
    const why = `uid mismatch: the provided object specified uid ${object.metadata.uid}, and no existing object was found`;
    throw conflict(nameOf(kind), options.name as string, why);
  }
  ensureNamespace(object, kind.namespaced ? options.namespace : '');
  checkName(object, options.name as string);
  return door.defaults(object);
}

function applyChange(p: Passage, text: string): Change {
  const { options, kind, door } = p;
  const body = readYaml(text);
  const config = body.value;
  return (live) => {
    const request = { live, config, manager: options.fieldManager ?? '', force: options.force === true, kind: door.kind };
    const merged = applyConfiguration(request, fieldContext(kind, door, options.subresource ?? '', options.now));
    const mode = options.fieldValidation ?? 'Warn';
    if (body.strict.length && mode === 'Strict') throw badRequest(`error strict decoding YAML: ${body.strict[0]}`);
    if (body.strict.length && mode === 'Warn') p.warnings.push(...body.strict);
    const books = merged.metadata.managedFields;
    let object: KubeObject;
    try {
      object = converted(door.type, ownCopy(merged), 'Ignore').object;
    } catch (error) {
      if (error instanceof StructureError)
        throw failure(500, '', unconvertible(p, config, converterMessage(door.type, merged, error.message)));
      throw error;
    }
    object.metadata ??= {} as KubeObject['metadata'];
    object = checked(p, live, object);
    if (books) object.metadata.managedFields = books;
    else delete object.metadata.managedFields;
    return object;
  };
}

function unconvertible({ door }: Passage, config: Obj, message: string): string {
  const gvk = gvkText(door.apiVersion, door.kind);
  const { name = '', namespace = '' } = config.metadata ?? {};
  const lead = `failed to convert new object (${namespace}/${name}; ${gvk}) to proper version: unable to convert unstructured object`;
  return `${lead} to ${gvk}: ${message}`;
}

/** A copy without the books, which nobody changes in place. */
function ownCopy(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return clone({ ...object, metadata }) as KubeObject;
}
