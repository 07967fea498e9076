/**
 * The meaning of an address and a method (apiserver pkg/endpoints/request/requestinfo.go). Pure; it does not know which
 * resources exist.
 */
export interface RequestInfo {
  isResource: boolean;
  path: string;
  verb: string;
  group: string;
  version: string;
  namespace: string;
  /** Whether /namespaces/NAME stands before the resource; not in the address of a namespace itself. */
  namespaced: boolean;
  resource: string;
  subresource: string;
  name: string;
  /** Segments from the resource on. */
  parts: string[];
  /** Address of the form /api/v1/watch/... */
  watchPath: boolean;
}

const VERBS: Record<string, string> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Path segments without leading and trailing slashes, decoded. */
export function splitPath(path: string): string[] {
  let start = 0;
  let end = path.length;
  while (path.charCodeAt(start) === 47) start++;
  while (end > start && path.charCodeAt(end - 1) === 47) end--;
  return start === end ? [] : path.slice(start, end).split('/');
}

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const info: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    namespaced: false,
    resource: '',
    subresource: '',
    name: '',
    parts: [],
    watchPath: false,
  };
  let parts = splitPath(path);
  if (parts.length < 3 || (parts[0] !== 'api' && parts[0] !== 'apis')) return info;
  if (parts[0] === 'apis') {
    if (parts.length < 4) return info;
    info.group = parts[1];
    parts = parts.slice(2);
  } else parts = parts.slice(1);
  info.version = parts[0];
  parts = parts.slice(1);
  info.isResource = true;
  if (parts[0] === 'watch' || parts[0] === 'proxy') {
    info.verb = parts[0];
    info.watchPath = parts[0] === 'watch';
    parts = parts.slice(1);
    if (!parts.length) return info;
  } else info.verb = VERBS[method] ?? '';
  place(info, parts);
  if (!info.name) collectionVerb(info, query);
  return info;
}

/** /namespaces/{namespace}/{resource}/...: everything is relative to the resource. */
function place(info: RequestInfo, segments: string[]): void {
  let parts = segments;
  if (parts[0] === 'namespaces' && parts.length > 1) {
    info.namespace = parts[1];
    if (parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') {
      info.namespaced = info.namespace !== '';
      parts = parts.slice(2);
    }
  }
  info.parts = parts;
  info.resource = parts[0];
  info.name = parts[1] ?? '';
  if (parts.length >= 3 && info.verb !== 'proxy') info.subresource = parts[2];
}

function collectionVerb(info: RequestInfo, query: URLSearchParams): void {
  if (info.verb === 'delete') info.verb = 'deletecollection';
  if (info.verb !== 'get') return;
  info.verb = isTrue(query.get('watch')) ? 'watch' : 'list';
  const name = namedBy(query.get('fieldSelector'));
  if (name && name !== '.' && name !== '..' && !/[/%]/.test(name)) info.name = name;
}

/** apimachinery's conversion of a query parameter to bool: anything but "false" and "0" is true. */
export function isTrue(value: string | null): boolean {
  if (value === null) return false;
  return value !== '0' && value.toLowerCase() !== 'false';
}

/** The name that a field selector requires. */
function namedBy(selector: string | null): string | undefined {
  if (!selector?.includes('metadata.name')) return undefined;
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?(.*)$/.exec(term);
    if (match) return match[1];
  }
  return undefined;
}
