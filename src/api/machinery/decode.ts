import type { KubeObject, Obj } from '../../lib/json.ts';
import { goSchema } from '../schema/go.ts';
import type { Schema } from '../schema/schema.ts';
import { DecodeError } from './decode-exact.ts';
import { countTextKeys, keepSentEmpties } from './decode-fast.ts';
import { type JsonNode, JsonSyntaxError, parseJson, toNode } from './decode-json.ts';
import { parseYaml, YamlError } from './decode-yaml.ts';
import { apiVersionOf, type Kind, type ServedVersion } from './define-kind.ts';
import { hasType, typeOf } from '../schema/go-types.ts';
import { goQuote } from './go-text.ts';
import { badRequest, unsupportedMediaType } from './status-errors.ts';

/** `fieldValidation` of a write. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** A decoded and normalised object, in the version it came in, and the texts for the Warning header. */
export interface Decoded {
  object: KubeObject;
  warnings: string[];
}

/** The expected type of a body: the kind of the resource, or of a subresource that takes another one (Scale, Binding, Eviction, ...). */
export interface DecodeTarget {
  group: string;
  version: string;
  kind: string;
  schema: Schema;
  /** Other apiVersions under which the same internal kind is known; they decode, and are then refused by name. */
  siblings?: readonly ServedVersion[];
  /** Versions of the group that are taken as well, for their fields are the same. */
  olderVersions?: readonly string[];
}

/** Decodes the body of a create or update of `kind`, as the version under which it was addressed. Throws a StatusError. */
export function decodeBody(
  kind: Kind,
  served: { version: string; group: string; schema: Schema } | undefined,
  body: string,
  contentType: string,
  mode: FieldValidation,
): Decoded {
  const { group, version, schema } = served ?? kind;
  const stored: ServedVersion = { ...kind, toStored: same, fromStored: same };
  const siblings = served || kind.versions ? [stored, ...(kind.versions ?? [])] : undefined;
  return decodeAs({ group, version, kind: kind.kind, schema, siblings }, body, contentType, mode);
}
const same = (object: Obj) => object;

const ACCEPTED = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

/** Decodes a body as `target`. */
export function decodeAs(target: DecodeTarget, body: string, contentType: string, mode: FieldValidation): Decoded {
  const media = mediaType(contentType);
  if (media === 'application/json') return fast(target, body) ?? exactJson(target, body, mode);
  if (media === 'application/yaml') return exactYaml(target, body, mode);
  throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`);
}

/** The media type without parameters; JSON when there is none. */
export function mediaType(contentType: string): string {
  if (contentType === 'application/json' || contentType === '') return 'application/json';
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** The happy path; undefined when anything is off, however small. */
function fast(target: DecodeTarget, body: string): Decoded | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const { kind, apiVersion } = value as Obj;
  if (kind !== undefined && kind !== target.kind) return undefined;
  if (apiVersion !== undefined && apiVersion !== apiVersionOf(target)) return undefined;
  try {
    const result = target.schema.normalise(value as Obj);
    if (result.mistyped || result.unknown || result.keys !== countTextKeys(body)) return undefined;
    return { object: named(target, result.object), warnings: [] };
  } catch (error) {
    if (error instanceof RangeError) return undefined; // nested too deeply; the exact path words it
    throw error;
  }
}

/** The object with its kind and apiVersion, which come first in all that we store. */
function named(target: DecodeTarget, object: Obj): KubeObject {
  if (object.kind === undefined || object.apiVersion === undefined) {
    const { kind: _, apiVersion: __, ...rest } = object;
    const complete = { kind: target.kind, apiVersion: apiVersionOf(target), ...rest };
    keepSentEmpties(object, complete);
    return complete as unknown as KubeObject;
  }
  return object as KubeObject;
}

function exactJson(target: DecodeTarget, body: string, mode: FieldValidation): Decoded {
  let node: JsonNode;
  try {
    node = parseJson(body);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw unrecognized(target, `${JSON_LEAD}${error.message}`, body);
    throw error;
  }
  return exact(target, node, body, mode, []);
}

function exactYaml(target: DecodeTarget, body: string, mode: FieldValidation): Decoded {
  try {
    const { node, duplicates } = parseYaml(body);
    return exact(target, node, body, mode, duplicates);
  } catch (error) {
    if (error instanceof YamlError) throw unrecognized(target, error.message, body);
    throw error;
  }
}

const JSON_LEAD = "couldn't get version/kind; json parse error: ";
const FIND_KIND = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** A document that does not say what it is, or says it wrongly. */
class IdentityError extends Error {}

/** SimpleMetaFactory.Interpret: what the body says it is. Keys match in any case here, and only here. */
function interpret(target: DecodeTarget, node: JsonNode): GroupVersionKind {
  const found: Record<string, string> = { kind: '', apiversion: '' };
  if (node.t !== 'object' && node.t !== 'null') {
    throw new IdentityError(`${JSON_LEAD}json: cannot unmarshal ${node.t} into Go value of type ${FIND_KIND}`);
  }
  for (const [key, value] of node.t === 'object' ? node.entries : []) {
    const name = key.toLowerCase();
    if (found[name] === undefined || value.t === 'null') continue;
    if (value.t !== 'string') {
      const field = name === 'kind' ? 'kind' : 'apiVersion';
      throw new IdentityError(`${JSON_LEAD}json: cannot unmarshal ${value.t} into Go struct field .${field} of type string`);
    }
    found[name] = value.value;
  }
  const parts = found.apiversion === '/' ? [''] : found.apiversion.split('/');
  if (parts.length > 2) throw new IdentityError(`unexpected GroupVersion string: ${found.apiversion}`);
  const [group, version] = parts.length === 2 ? parts : ['', parts[0]];
  const kind = found.kind || target.kind;
  if (!version && (!group || group === target.group)) return { group: target.group, version: target.version, kind };
  return { group, version, kind };
}

/**
 * Why a patched document cannot be read as `target` though it says what it is; undefined when it can. It is decoded as what it says and then
 * converted, as a body is (runtime.DecodeInto).
 */
export function misidentified(target: DecodeTarget, value: unknown, text: string): string | undefined {
  const node = toNode(value);
  try {
    const actual = interpret(target, node);
    const known = typeNamed(target, actual);
    if (!actual.version) return `Object 'apiVersion' is missing in '${text}'`;
    if (!known) return notRegistered(actual);
    if (known === target.schema) return undefined;
    known.decode(node);
    return convertible(target, actual) ? undefined : unknownConversion(target, actual);
  } catch (error) {
    if (error instanceof IdentityError || error instanceof DecodeError) return error.message;
    throw error;
  }
}

/** Does a patched document name no version? Then it is read as the internal type, whose fields have other names: it is empty. */
export function isVersionless({ group }: DecodeTarget, value: Obj): boolean {
  const version = value.apiVersion;
  return (
    version === undefined || version === null || version === '' || version === '/' || (group !== '' && version === `${group}/`)
  );
}

const notRegistered = (actual: GroupVersionKind) =>
  `no kind ${goQuote(actual.kind)} is registered for version ${goQuote(apiVersionOf(actual))} in scheme ${SCHEME}`;

function identify(target: DecodeTarget, node: JsonNode, body: string): GroupVersionKind {
  try {
    return interpret(target, node);
  } catch (error) {
    if (error instanceof IdentityError) throw unrecognized(target, error.message, body);
    throw error;
  }
}

function exact(target: DecodeTarget, node: JsonNode, body: string, mode: FieldValidation, duplicates: string[]): Decoded {
  const actual = identify(target, node, body);
  const fail = (why: string) =>
    badRequest(`${actual.kind} in version ${goQuote(actual.version)} cannot be handled as a ${target.kind}: ${why}`);
  const said = apiVersionOf(actual);
  const known = typeNamed(target, actual);
  if (!actual.version) throw fail(`Object 'apiVersion' is missing in '${body}'`);
  if (!known) throw fail(notRegistered(actual));
  try {
    const { object, strict } = known.decode(node);
    const yaml = duplicates.length ? [`yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`] : [];
    if (mode === 'Strict' && yaml.length + strict.length) {
      throw fail(`strict decoding error: ${[...yaml, ...strict].join(', ')}`);
    }
    if (!convertible(target, actual)) throw fail(unknownConversion(target, actual));
    if (said !== apiVersionOf(target) && !target.olderVersions?.includes(actual.version))
      throw wrongVersion(said, apiVersionOf(target));
    const result = target.schema.normalise(object);
    const warnings = mode === 'Warn' ? [...duplicates, ...strict] : [];
    return { object: named(target, result.object), warnings };
  } catch (error) {
    if (error instanceof DecodeError) throw fail(error.message);
    throw error;
  }
}

const SCHEME = '"pkg/runtime/scheme.go:111"';
const wrongVersion = (said: string, expected: string) =>
  badRequest(`the API version in the data (${said}) does not match the expected API version (${expected})`);

const convertible = (target: DecodeTarget, actual: GroupVersionKind) =>
  actual.kind === target.kind &&
  (actual.group === target.group || !!target.siblings?.some((s) => s.group === actual.group && s.version === actual.version));

/** Groups whose package in k8s.io/api is not the first part of their name. */
const PACKAGES: Record<string, string> = {
  '': 'io.k8s.api.core',
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
  'internal.apiserver.k8s.io': 'io.k8s.api.apiserverinternal',
};

/** Kinds of the meta group that the scheme knows as v1, too. */
const UNVERSIONED = new Set(['List', 'Status', 'DeleteOptions']);
/** Stands for each of them: whatever they hold, they are no object that is wanted. */
const META_STATUS = goSchema('io.k8s.apimachinery.pkg.apis.meta.v1.Status');

/** The schema that a scheme would have for what the body says it is. */
function typeNamed(target: DecodeTarget, { group, version, kind }: GroupVersionKind): Schema | undefined {
  if (group === target.group && version === target.version && kind === target.kind) return target.schema;
  if (group === '' && version === 'v1' && UNVERSIONED.has(kind)) return META_STATUS;
  const name = `${PACKAGES[group] ?? `io.k8s.api.${group.split('.')[0]}`}.${version}.${kind}`;
  return hasType(name) && typeOf(name).isKind ? goSchema(name) : undefined;
}

function unknownConversion(target: DecodeTarget, { version, kind }: GroupVersionKind): string {
  const stored = target.siblings?.[0]?.schema ?? target.schema;
  const [home] = stored.name.split('.').slice(-3);
  return `converting (${version}.${kind}) to (${home}.${target.kind}): unknown conversion`;
}

/** transformDecodeError without a kind: the text is shown, cut and in hex when it does not look like an object. */
function unrecognized(target: DecodeTarget, why: string, body: string) {
  const bytes = new TextEncoder().encode(body.slice(0, SUMMARY_BYTES + 1));
  const cut = bytes.length > SUMMARY_BYTES ? ' ...' : '';
  const shown = bytes.subarray(0, SUMMARY_BYTES);
  const hex = [...shown].map((b) => b.toString(16).padStart(2, '0')).join('');
  const summary = body === '' ? '<empty>' : body[0] === '{' ? new TextDecoder().decode(shown) : hex;
  return badRequest(`the object provided is unrecognized (must be of type ${target.kind}): ${why} (${summary}${cut})`);
}
const SUMMARY_BYTES = 30;

/** Thrown by checkStructure; the caller words the Status. `strict` are the unknown fields when that is what was wrong. */
export class StructureError extends Error {
  readonly strict: readonly string[];
  constructor(message: string, strict: readonly string[] = []) {
    super(message);
    this.strict = strict;
  }
}

/**
 * The same checks and the same normalisation for a value that was made, not read: a patch's result, an object a controller wrote.
 * Throws StructureError with Go's words ("json: cannot unmarshal ...", "strict decoding error: ...").
 */
export function checkStructure(
  schema: Schema,
  value: unknown,
  mode: FieldValidation,
): { object: KubeObject; warnings: string[] } {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const result = schema.normalise(value as Obj);
    if (!result.mistyped && (!result.unknown || mode === 'Ignore')) return { object: result.object as KubeObject, warnings: [] };
  }
  try {
    const { object, strict } = schema.decode(toNode(value));
    if (mode === 'Strict' && strict.length) throw new StructureError(`strict decoding error: ${strict.join(', ')}`, strict);
    return { object: schema.normalise(object).object as KubeObject, warnings: mode === 'Warn' ? strict : [] };
  } catch (error) {
    if (error instanceof DecodeError) throw new StructureError(error.message);
    throw error;
  }
}
