import { type Field, type StructType, typeOf } from '../../api/schema/go-types.ts';
import { equal, isObject, type Obj, setMember } from '../../lib/json.ts';
import {
  dropNulls,
  ElementOrder,
  goMap,
  normalizeOrder,
  partition,
  primitiveIndex,
  sameValue,
  withoutDirectives,
} from './strategic-lists.ts';

const DIRECTIVE = '$patch';
const RETAIN = '$retainKeys';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList';
const ORDER = '$setElementOrder';

/** The error of a patch that cannot be applied. `code` is undefined where upstream answers with a bare error (500). */
export class StrategicError extends Error {
  readonly code: number | undefined;
  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

const BAD_PRIMITIVES = () => new StrategicError('invalid patch format of primitive list', 400);
const BAD_RETAIN = () => new StrategicError('invalid patch format of retainKeys', 400);
const BAD_ORDER = () => new StrategicError('invalid patch format of setElementOrder list', 400);
const NO_LIST_OF_LISTS = () => new StrategicError('lists of lists are not supported', 422);
const noMergeKey = (map: Obj, key: string) =>
  new StrategicError(`map: ${goMap(map)} does not contain declared merge key: ${key}`);

/** Patch metadata of a field: the type of its content, its strategy and its merge key. */
interface Meta {
  inner: StructType | undefined;
  replace: boolean;
  merge: boolean;
  key: string;
}

/** The form of decoded JSON that Go's reflection distinguishes. */
const formOf = (value: unknown): string =>
  value === null || value === undefined
    ? 'nil'
    : Array.isArray(value)
      ? 'list'
      : typeof value === 'number'
        ? Number.isInteger(value)
          ? 'int'
          : 'float'
        : typeof value;

/**
 * Strategic merge patch (apimachinery util/strategicpatch): RFC 7386 plus merge keys and directives from the schema. `original` and
 * `patch` may be changed, and the result shares parts with them.
 */
export function strategicMerge(type: StructType | undefined, original: Obj, patch: Obj): Obj {
  return mergeMap(original, patch, type);
}

function lookup(type: StructType | undefined, name: string): Meta {
  if (!type) return { inner: undefined, replace: false, merge: false, key: '' };
  const field = type.fields[name] as Field | undefined;
  if (!field)
    throw new StrategicError(`unable to find api field in struct ${type.go} for the json field ${JSON.stringify(name)}`);
  const node = field.type.t === 'array' ? field.type.item : field.type;
  const strategies = field.patchStrategy?.split(',') ?? [];
  return {
    inner: node?.t === 'struct' ? typeOf(node.ref as string) : undefined,
    replace: strategies.includes('replace'),
    merge: strategies.includes('merge'),
    key: field.patchMergeKey ?? '',
  };
}

function mergeMap(original: Obj | undefined, patch: Obj, type: StructType | undefined): Obj {
  if (DIRECTIVE in patch) return mapDirective(patch);
  const out = original ?? {};
  retainKeys(out, patch);
  orderedLists(out, patch, type);
  for (const raw of Object.keys(patch)) {
    const value = patch[raw];
    const deletes = raw.startsWith(DELETE_PRIMITIVES);
    const name = deletes ? directiveField(raw, DELETE_PRIMITIVES, BAD_PRIMITIVES) : raw;
    if (value === null) {
      delete out[name];
      continue;
    }
    const old = Object.hasOwn(out, name) ? out[name] : undefined;
    if (old === undefined || formOf(old) !== formOf(value)) {
      if (!deletes) assign(out, name, dropNulls(value));
    } else if (Array.isArray(value)) {
      const meta = lookup(type, name);
      out[name] = meta.merge || deletes ? mergeList(old, value, meta, deletes) : value;
    } else if (isObject(value)) {
      const meta = lookup(type, name);
      setMember(out, name, meta.replace ? value : mergeMap(old, value, meta.inner));
    } else setMember(out, name, value);
  }
  return out;
}

function assign(out: Obj, name: string, value: unknown): void {
  const kept = withoutDirectives(value);
  if (kept === undefined) delete out[name];
  else setMember(out, name, kept);
}

function mapDirective(patch: Obj): Obj {
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw new StrategicError(
    `unknown patch type: ${typeof directive === 'string' ? directive : `%!s(${formOf(directive)}=${String(directive)})`} in map: ${goMap(patch)}`,
  );
}

function directiveField(raw: string, prefix: string, error: () => StrategicError): string {
  const slash = raw.indexOf('/');
  if (slash < 0 || raw.slice(0, slash) !== prefix) throw error();
  return raw.slice(slash + 1);
}

function retainKeys(original: Obj, patch: Obj): void {
  if (!(RETAIN in patch)) return;
  const list = patch[RETAIN];
  delete patch[RETAIN];
  if (!Array.isArray(list)) throw BAD_RETAIN();
  for (const name of Object.keys(patch)) {
    if (patch[name] === null || name.startsWith(DELETE_PRIMITIVES) || name.startsWith(ORDER)) continue;
    if (!list.includes(name)) throw BAD_RETAIN();
  }
  for (const name of Object.keys(original)) if (!list.includes(name)) delete original[name];
}

/**
 * Lists with a `$setElementOrder`: merged and brought into that order; what is merged here leaves the patch
 * (mergePatchIntoOriginal).
 */
function orderedLists(original: Obj, patch: Obj, type: StructType | undefined): void {
  for (const raw of Object.keys(patch)) {
    if (!raw.startsWith(ORDER)) continue;
    const order = patch[raw];
    delete patch[raw];
    if (!Array.isArray(order)) throw badArgument('[]interface {}', order);
    const name = directiveField(raw, ORDER, BAD_ORDER);
    const old = original[name];
    const wanted = patch[name];
    if (name in original && !Array.isArray(old)) throw badArgument('[]interface {}', old);
    if (name in patch && !Array.isArray(wanted)) throw badArgument('[]interface {}', wanted);
    const meta = lookup(type, name);
    checkOrder((wanted ?? []) as unknown[], order, meta.key);
    let merged: unknown[];
    if (old && wanted) merged = meta.merge ? mergeList([...old], wanted, meta, false) : wanted;
    else if (old) merged = old;
    else if (wanted) merged = withoutDirectives(wanted) as unknown[];
    else continue;
    const by = new ElementOrder(meta.key, noMergeKey);
    const { inside, outside } = partition(merged, order, by);
    original[name] = normalizeOrder(inside, outside, order, (old ?? []) as unknown[], by);
    delete patch[name];
  }
}

const badArgument = (wanted: string, got: unknown) => new StrategicError(`expected a ${wanted}, but received a ${goType(got)}`);
const goType = (value: unknown): string =>
  ({
    nil: '%!s(<nil>)',
    list: '[]interface {}',
    object: 'map[string]interface {}',
    int: 'int64',
    float: 'float64',
    boolean: 'bool',
  })[formOf(value)] ?? formOf(value);

/** Checks that the directive names the patch's items in their order (validatePatchWithSetOrderList). */
function checkOrder(patch: unknown[], order: unknown[], key: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const items = key ? patch.filter((item) => (item as Obj)?.[DIRECTIVE] !== 'delete') : patch;
  const valueOf = (item: unknown) => {
    if (!key) return item;
    if (!isObject(item)) throw badArgument('map[string]interface {}', item);
    if (!(key in item)) throw noMergeKey(item, key);
    return item[key];
  };
  let at = 0;
  for (const wanted of order) {
    while (at < items.length && isObject(items[at]) && DIRECTIVE in (items[at] as Obj)) at++;
    if (at >= items.length) return;
    if (sameValue(valueOf(items[at]), valueOf(wanted))) at++;
  }
  if (at < items.length) {
    throw new StrategicError(`The order in patch list:\n${goMap(patch)}\n doesn't match ${ORDER} list:\n${goMap(order)}\n`);
  }
}

function mergeList(original: unknown[], patch: unknown[], meta: Meta, deletes: boolean): unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const form = elementForm(original, patch);
  if (form !== 'object') {
    if (deletes) return original.filter((item) => !patch.some((gone) => sameValue(gone, item)));
    const merged = primitiveIndex([...original, ...patch]);
    const by = new ElementOrder('', noMergeKey);
    const { inside, outside } = partition(merged, patch, by);
    return normalizeOrder(inside, outside, patch, original, by);
  }
  if (!meta.key) throw new StrategicError('cannot merge lists without merge key for struct');
  const special = specialItems(original, patch as Obj[], meta.key);
  const server = [...special.original];
  const merged = mergeItems(special.original, special.patch, meta);
  const by = new ElementOrder(meta.key, noMergeKey);
  const { inside, outside } = partition(merged, special.patch, by);
  return normalizeOrder(inside, outside, special.patch, server, by);
}

function elementForm(...lists: unknown[][]): string {
  let form: string | undefined;
  for (const list of lists) {
    for (const item of list) {
      const its = formOf(item);
      if (form === undefined && its === 'list') throw NO_LIST_OF_LISTS();
      if (form !== undefined && form !== its) throw new StrategicError(`list element types are not identical: ${goMap(lists)}`);
      form = its;
    }
  }
  return form as string;
}

/** Applies items that are directives: `$patch: delete` removes items, `$patch: replace` empties the list first. */
function specialItems(original: unknown[], patch: Obj[], key: string): { original: unknown[]; patch: Obj[] } {
  const plain: Obj[] = [];
  let kept = original;
  let replace = false;
  for (const item of patch) {
    const directive = item[DIRECTIVE];
    if (directive === undefined) plain.push(item);
    else if (directive === 'delete') {
      if (!(key in item)) throw noMergeKey(item, key);
      kept = kept.filter((other, i) => {
        if (!isObject(other)) throw new StrategicError(`value for key ${i} is not a map`);
        return !sameValue(other[key], item[key]);
      });
    } else if (directive === 'replace') replace = true;
    else if (directive === 'merge') throw new StrategicError('merging lists cannot yet be specified in the patch');
    else throw new StrategicError(`unknown patch type: ${String(directive)} in map: ${goMap(item)}`);
  }
  return replace ? { original: plain, patch: [] } : { original: kept, patch: plain };
}

function mergeItems(original: unknown[], patch: Obj[], meta: Meta): unknown[] {
  const out = [...original];
  for (const item of patch) {
    if (!(meta.key in item)) throw noMergeKey(item, meta.key);
    const at = out.findIndex((other) => isObject(other) && meta.key in other && equal(other[meta.key], item[meta.key]));
    if (at >= 0) out[at] = mergeMap(out[at] as Obj, item, meta.inner);
    else out.push(item);
  }
  return out;
}
