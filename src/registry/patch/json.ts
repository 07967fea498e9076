import { clone, equal, type Obj } from '../../lib/json.ts';

/** A patch that does not fit the document: 422 with this text. */
export class PatchError extends Error {}

const MISSING = 'missing value';
const INVALID_INDEX = 'invalid index referenced';

/**
 * RFC 6902 over a document that may be changed (gopkg.in/evanphx/json-patch.v4, whose error texts clients see). Own, because the words
 * and the small freedoms differ from library to library: here `replace` of an absent key adds it, and indexes may count from the end.
 */
export function jsonPatch(document: unknown, operations: readonly unknown[]): unknown {
  const root = { document };
  for (const operation of operations) step(root, (operation ?? {}) as Obj);
  return root.document;
}

function step(root: { document: unknown }, op: Obj): void {
  switch (op.op) {
    case 'add':
      return add(root, 'add', pathOf(op, 'add'), clone(valueOf(op)));
    case 'remove':
      return remove(root, pathOf(op, 'remove'));
    case 'replace':
      return replace(root, op);
    case 'move':
      return move(root, op);
    case 'copy':
      return copy(root, op);
    case 'test':
      return test(root, op);
    default:
      throw new PatchError(`Unexpected kind: ${typeof op.op === 'string' ? op.op : 'unknown'}`);
  }
}

const valueOf = (op: Obj): unknown => (op.value === undefined ? null : op.value);

function pathOf(op: Obj, verb: string): string {
  if (typeof op.path === 'string') return op.path;
  const reason = verb === 'add' || verb === 'remove' || verb === 'copy' ? MISSING : `operation missing path field: ${MISSING}`;
  throw new PatchError(`${verb} operation failed to decode path: ${reason}`);
}

function fromOf(op: Obj, verb: string): string {
  if (typeof op.from === 'string') return op.from;
  throw new PatchError(`${verb} operation failed to decode from: operation, missing from field: ${MISSING}`);
}

type Container = Obj | unknown[];
const unescape = (token: string): string => (token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token);

/** The container that a pointer's last token lies in; undefined when the way there is missing. */
function find(root: { document: unknown }, pointer: string): { container: Container; key: string } | undefined {
  const tokens = pointer.split('/');
  if (tokens.length < 2) return undefined;
  let at = root.document;
  for (let i = 1; i < tokens.length - 1; i++) {
    const next = get(at as Container, unescape(tokens[i] as string));
    if (next instanceof PatchError || next === undefined || next === null || typeof next !== 'object') return undefined;
    at = next;
  }
  if (typeof at !== 'object' || at === null) return undefined;
  return { container: at as Container, key: unescape(tokens[tokens.length - 1] as string) };
}

function indexOf(key: string, size: number): number | PatchError {
  if (!/^[+-]?\d+$/.test(key)) return new PatchError(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
  const index = Number(key);
  if (index >= size || index < -size) return new PatchError(`Unable to access invalid index: ${index}: ${INVALID_INDEX}`);
  return index < 0 ? index + size : index;
}

function get(container: Container, key: string): unknown {
  if (!Array.isArray(container)) return Object.hasOwn(container, key) ? container[key] : undefined;
  const index = indexOf(key, container.length);
  return index instanceof PatchError ? index : container[index];
}

function add(root: { document: unknown }, verb: 'add' | 'move' | 'copy', path: string, value: unknown): void {
  const found = find(root, path);
  if (!found) {
    if (verb === 'add') throw new PatchError(`add operation does not apply: doc is missing path: "${path}": ${MISSING}`);
    throw new PatchError(`${verb} operation does not apply: doc is missing destination path: ${path}: ${MISSING}`);
  }
  const problem = put(found.container, found.key, value);
  if (!problem) return;
  throw new PatchError(
    verb === 'copy'
      ? `error while adding value during copy: ${problem.message}`
      : `error in ${verb} for path: '${path}': ${problem.message}`,
  );
}

function put(container: Container, key: string, value: unknown): PatchError | undefined {
  if (!Array.isArray(container)) {
    container[key] = value;
    return undefined;
  }
  if (key === '-') {
    container.push(value);
    return undefined;
  }
  const index = indexOf(key, container.length + 1);
  if (index instanceof PatchError) {
    return index.message.startsWith('strconv')
      ? new PatchError(`value was not a proper array index: '${key}': ${index.message}`)
      : index;
  }
  container.splice(index, 0, value);
  return undefined;
}

/** The problem with removing a key; undefined when it was removed. */
function drop({ container, key }: { container: Container; key: string }): PatchError | undefined {
  if (!Array.isArray(container)) {
    if (!Object.hasOwn(container, key)) return new PatchError(`Unable to remove nonexistent key: ${key}: ${MISSING}`);
    delete container[key];
    return undefined;
  }
  const index = indexOf(key, container.length);
  if (index instanceof PatchError) return index;
  container.splice(index, 1);
  return undefined;
}

function remove(root: { document: unknown }, path: string): void {
  const found = find(root, path);
  if (!found) throw new PatchError(`remove operation does not apply: doc is missing path: "${path}": ${MISSING}`);
  const problem = drop(found);
  if (problem) throw new PatchError(`error in remove for path: '${path}': ${problem.message}`);
}

function replace(root: { document: unknown }, op: Obj): void {
  const path = pathOf(op, 'replace');
  const value = clone(valueOf(op));
  if (path === '') {
    if (typeof value !== 'object' || value === null)
      throw new PatchError('replace operation value must be object or array: %!w(<nil>)');
    root.document = value;
    return;
  }
  const found = find(root, path);
  if (!found) throw new PatchError(`replace operation does not apply: doc is missing path: ${path}: ${MISSING}`);
  if (!Array.isArray(found.container)) {
    found.container[found.key] = value;
    return;
  }
  const index = indexOf(found.key, found.container.length);
  if (index instanceof PatchError)
    throw new PatchError(`replace operation does not apply: doc is missing key: ${path}: ${MISSING}`);
  found.container[index] = value;
}

function move(root: { document: unknown }, op: Obj): void {
  const from = fromOf(op, 'move');
  const found = find(root, from);
  if (!found) throw new PatchError(`move operation does not apply: doc is missing from path: ${from}: ${MISSING}`);
  const value = get(found.container, found.key);
  const problem = value instanceof PatchError ? value : drop(found);
  if (problem) throw new PatchError(`error in move for path: '${found.key}': ${problem.message}`);
  add(root, 'move', pathOf(op, 'move'), value);
}

function copy(root: { document: unknown }, op: Obj): void {
  const from = fromOf(op, 'copy');
  const found = find(root, from);
  if (!found) throw new PatchError(`copy operation does not apply: doc is missing from path: ${from}: ${MISSING}`);
  const value = get(found.container, found.key);
  if (value instanceof PatchError) throw new PatchError(`error in copy for from: '${from}': ${value.message}`);
  add(root, 'copy', pathOf(op, 'copy'), clone(value ?? null));
}

function test(root: { document: unknown }, op: Obj): void {
  const path = pathOf(op, 'test');
  const wanted = valueOf(op);
  let value = root.document;
  if (path !== '') {
    const found = find(root, path);
    if (!found) throw new PatchError(`test operation does not apply: is missing path: ${path}: ${MISSING}`);
    value = get(found.container, found.key);
    if (value instanceof PatchError) throw new PatchError(`error in test for path: '${path}': ${value.message}`);
  }
  if (!equal(value ?? null, wanted)) throw new PatchError(`testing value ${path} failed: test failed`);
}
