import { type JsonNode, JsonSyntaxError, parseJson } from '../../api/machinery/decode-json.ts';
import { plain } from '../../api/machinery/decode-exact.ts';
import { countTextKeys } from '../../api/machinery/decode-fast.ts';
import { parseYaml, YamlError } from '../../api/machinery/decode-yaml.ts';
import { checkStructure, StructureError } from '../../api/machinery/decode.ts';
import { invalid } from '../../api/machinery/field-errors.ts';
import { type StructType, type TypeNode, typeOf } from '../../api/machinery/schema.ts';
import { badRequest, conflict, failure, invalidError, notFoundError, StatusError } from '../../api/machinery/status-errors.ts';
import { clone, type KubeObject, type Obj } from '../../lib/json.ts';
import { fieldContext } from '../doors.ts';
import { checkName, ensureNamespace } from '../names.ts';
import type { FieldValidation, PatchType } from '../options.ts';
import { type Change, nameOf, type Passage, track } from '../pipeline.ts';
import { orderedMeta } from '../encode.ts';
import { applyConfiguration, gvkText } from './apply.ts';
import { jsonPatch, OPERATIONS_MAX, PatchError } from './json.ts';
import { mergePatch } from './merge.ts';
import { strategicMerge, StrategicError } from './strategic.ts';
import { goPlain } from './typed-merge.ts';
import { converterMessage, unstructuredProblem, withCutIntegers } from './unstructured.ts';

/** A patch body once read: its value, and what strict decoding holds against its text. */
interface PatchBody {
  value: unknown;
  strict: string[];
}

/**
 * Turns a patch into a change of the live object (handlers/patch.go). The body is read at once, so that a bad one is refused whether or
 * not the object exists.
 */
export function changeByPatch(p: Passage, type: PatchType, text: string): Change {
  if (type === 'apply') return applyChange(p, text);
  const body = readJson(text, type === 'strategic' ? '' : 'error decoding patch: ');
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
      return named(p, decoded(p, type, patched, strict, shown), shown);
    }
    case 'merge': {
      const patched = byMerge(p, current, body.value);
      const shown = () => patchedText(p, live, (ordered) => byMerge(p, ordered, body.value), body.value);
      return named(p, decoded(p, type, patched, body.strict, shown), shown);
    }
    case 'strategic': {
      if (!isObject(body.value))
        throw badRequest(`json: cannot unmarshal ${formOf(body.value)} into Go value of type map[string]interface {}`);
      const patched = byStrategy(p.door.type, current, clone(body.value));
      const object = decoded(p, type, patched, body.strict, () => goPlain(body.value), unstructuredProblem(p.door.type, patched));
      object.kind = p.door.kind;
      object.apiVersion = p.door.apiVersion;
      return object;
    }
  }
}

const isIgnored = ({ options }: Passage): boolean => options.fieldValidation === 'Ignore';

function byOperations(p: Passage, current: KubeObject, operations: unknown): unknown {
  if (!Array.isArray(operations)) {
    const lead = `json: cannot unmarshal ${formOf(operations)} into Go value of type`;
    throw badRequest(isIgnored(p) ? `${lead} jsonpatch.Patch` : `error decoding patch: ${lead} []handlers.jsonPatchOp`);
  }
  if (operations.length > OPERATIONS_MAX) {
    const message = `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${operations.length}`;
    throw failure(413, 'RequestEntityTooLarge', message);
  }
  try {
    return jsonPatch(current, operations);
  } catch (error) {
    if (error instanceof PatchError) throw unprocessable();
    throw error;
  }
}

function byMerge(p: Passage, current: KubeObject, patch: unknown): unknown {
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

const isObject = (value: unknown): value is Obj => typeof value === 'object' && value !== null && !Array.isArray(value);
const formOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;

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
    checkStructure(type, JSON.parse(text), mode);
  } catch (other) {
    if (other instanceof StructureError) return other;
    throw other;
  }
  return error;
}

/** A patch cannot make the object one of another kind. */
function named({ door }: Passage, object: KubeObject, shown: () => string): KubeObject {
  if (object.kind === door.kind && object.apiVersion === door.apiVersion) return object;
  const text = shown();
  if (!object.kind) throw unreadable(text, `Object 'Kind' is missing in '${text}'`);
  if (!object.apiVersion) throw unreadable(text, `Object 'apiVersion' is missing in '${text}'`);
  const version = JSON.stringify(object.apiVersion);
  const message = `no kind ${JSON.stringify(object.kind)} is registered for version ${version} in scheme "pkg/runtime/scheme.go:111"`;
  throw unreadable(text, message);
}

/**
 * The patched document as Go prints it: sorted where the patch went, as it was sent where it is new, in the order of the fields
 * elsewhere. Made again from the live object, since only messages need it.
 */
function patchedText({ door }: Passage, live: KubeObject, patch: (ordered: KubeObject) => unknown, places: unknown): string {
  const ordered = clone(inGoOrder(typeOf(door.type), { ...live, metadata: orderedMeta(live.metadata) })) as KubeObject;
  return JSON.stringify(touched(patch(ordered), places));
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
    if (!(error instanceof StructureError) || !/cannot unmarshal number \S+ into .* of type (?:int32|uint8)$/.test(error.message))
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

function readJson(text: string, lead: string): PatchBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    try {
      parseJson(text);
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw badRequest(`${lead}${error.message}`);
      throw error;
    }
    throw badRequest(`${lead}invalid JSON`);
  }
  return { value, strict: countTextKeys(text) === countKeys(value) ? [] : duplicates(parseJson(text), '') };
}

function countKeys(value: unknown): number {
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += countKeys(item);
  else if (isObject(value)) for (const key in value) count += 1 + countKeys(value[key]);
  return count;
}

/** Fields that stand twice in one object, as kjson.UnmarshalStrict names them. */
function duplicates(node: JsonNode, path: string): string[] {
  if (node.t === 'array') return node.items.flatMap((item, i) => duplicates(item, `${path}[${i}]`));
  if (node.t !== 'object') return [];
  const seen = new Set<string>();
  return node.entries.flatMap(([key, value]) => {
    const at = path ? `${path}.${key}` : key;
    const again = seen.has(key) ? [`duplicate field ${JSON.stringify(at)}`] : [];
    seen.add(key);
    return [...again, ...duplicates(value, at)];
  });
}

/** An apply configuration: JSON where it is, else YAML as sigs.k8s.io/yaml reads it. */
function readYaml(text: string): { value: Obj; strict: string[] } {
  if (text.trimStart().startsWith('{')) {
    try {
      const value = JSON.parse(text);
      if (countTextKeys(text) === countKeys(value)) return { value, strict: [] };
    } catch {
      // Not JSON: it may still be YAML's flow style.
    }
  }
  try {
    const { node, duplicates: found } = parseYaml(text);
    const value = plain(node);
    if (value !== null && !isObject(value)) {
      const what = formOf(value);
      throw badRequest(
        `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
      );
    }
    const strict = found.length ? [`error converting YAML to JSON: yaml: unmarshal errors:\n  ${found.join('\n  ')}`] : [];
    return { value: (value ?? {}) as Obj, strict };
  } catch (error) {
    if (error instanceof YamlError) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
    throw error;
  }
}
