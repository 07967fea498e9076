import { ACCEPT_MEMO_ENTRIES } from './limits.ts';
import { failure, unsupportedMediaType } from '../api/machinery/status-errors.ts';
import type { StatusError } from '../api/machinery/status-errors.ts';

/** The form that a client accepts. */
export interface Accept {
  format: 'json' | 'yaml';
  /** A transformation: as=...;v=...;g=... */
  as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** apiVersion of the transformed answer. */
  apiVersion: string;
  pretty: boolean;
}

interface Clause {
  type: string;
  params: Record<string, string>;
  q: number;
}

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
/** Understood so that lists which prefer it fall through to the next type. */
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';
const META_GROUP = 'meta.k8s.io';

const plain: Accept = Object.freeze({ format: 'json', as: 'object', apiVersion: '', pretty: false } as const);
const memo = new Map<string, Accept | 'none' | 'unknown'>();

/** Parses an Accept header once; clients send few different ones. `hasTables`: there are Tables of it. Throws upstream's 406. */
export function negotiate(header: string | null, hasTables: () => boolean): Accept {
  if (header === null || header === '' || header === JSON_TYPE) return plain;
  const tables = hasTables();
  const key = tables ? header : `no tables ${header}`;
  let found = memo.get(key);
  if (found === undefined) {
    found = choose(header, tables);
    if (memo.size >= ACCEPT_MEMO_ENTRIES) memo.clear();
    memo.set(key, found);
  }
  if (typeof found === 'string') throw notAcceptable(found === 'unknown');
  return found;
}

/** go-restful's answer when no type is known, and the serializer's when one is but not so. */
function notAcceptable(unknown: boolean): StatusError {
  if (!unknown) return failure(406, 'NotAcceptable', `only the following media types are accepted: ${JSON_TYPE}, ${YAML_TYPE}`);
  return failure(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${JSON_TYPE}, ${YAML_TYPE}`, {});
}

/** A watch is a stream: YAML has none. */
export const notStreamable = (): StatusError =>
  failure(406, 'NotAcceptable', `only the following media types are accepted: ${JSON_TYPE};stream=watch`);

function choose(header: string, tables: boolean): Accept | 'none' | 'unknown' {
  let known = false;
  for (const clause of parseAccept(header)) {
    const formats = formatsOf(clause.type);
    if (formats.length || clause.type === PROTOBUF_TYPE) known = true;
    for (const format of formats) {
      const accept = withParams(format, clause.params);
      if (accept && (tables || accept.as !== 'Table')) return accept;
    }
  }
  return known ? 'none' : 'unknown';
}

function formatsOf(type: string): ('json' | 'yaml')[] {
  if (type === JSON_TYPE) return ['json'];
  if (type === YAML_TYPE) return ['yaml'];
  return type === '*/*' || type === 'application/*' ? ['json', 'yaml'] : [];
}

function withParams(format: 'json' | 'yaml', params: Record<string, string>): Accept | undefined {
  const { as, g, v, sv, stream, pretty } = params;
  if (sv || (stream && stream !== 'watch')) return undefined;
  const accept: Accept = { format, as: 'object', apiVersion: '', pretty: pretty === '1' };
  if (as === undefined && g === undefined && v === undefined) return accept;
  if (g !== META_GROUP || (v !== 'v1' && v !== 'v1beta1')) return undefined;
  if (as !== 'Table' && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') return undefined;
  return { ...accept, as, apiVersion: `${g}/${v}` };
}

/** The clauses, best first: by q, then the more specific, then as written (goautoneg). */
function parseAccept(header: string): Clause[] {
  const clauses = header.split(',').map((text): Clause => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim());
    const params: Record<string, string> = {};
    let q = 1;
    for (const part of rest) {
      const at = part.indexOf('=');
      const name = at < 0 ? part : part.slice(0, at).trim();
      const value = at < 0 ? '' : part.slice(at + 1).trim();
      if (name === 'q') q = Number(value);
      else params[name] = value;
    }
    return { type, params, q: Number.isNaN(q) ? 1 : q };
  });
  const width = (type: string) => (type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0);
  return clauses.sort((a, b) => b.q - a.q || width(a.type) - width(b.type));
}

/** Text that people may read: ?pretty=true, or a browser, curl or Wget (negotiation.isPrettyPrint). */
export function isPretty(accept: Accept, query: URLSearchParams, userAgent: string | null): boolean {
  if (accept.pretty) return true;
  const wanted = query.get('pretty');
  if (wanted) return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(wanted);
  return !!userAgent && (userAgent.startsWith('curl') || userAgent.startsWith('Wget') || userAgent.startsWith('Mozilla/5.0'));
}

/** The type of a body, without parameters; an empty one is JSON. Throws upstream's 415. */
export function bodyType(header: string | null): typeof JSON_TYPE | typeof YAML_TYPE {
  if (!header || header === JSON_TYPE) return JSON_TYPE;
  const type = header.split(';', 1)[0].trim().toLowerCase();
  if (type === JSON_TYPE || type === YAML_TYPE) return type;
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${JSON_TYPE}, ${YAML_TYPE}`,
  );
}
