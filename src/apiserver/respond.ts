import { WARNINGS_CHARACTERS, WARNING_CHARACTERS } from './limits.ts';
import { DUMP_SCHEMA, dump, intYaml11Tag } from 'js-yaml';
import { jsonText, parseDigits, parseGoNumbers } from '../api/machinery/numerals.ts';
import { StatusError } from '../api/machinery/status-errors.ts';
import type { Obj } from '../lib/json.ts';
import type { Call } from './call.ts';
import type { Answer } from './messages.ts';
import { isPretty, JSON_TYPE, YAML_TYPE } from './negotiate.ts';

/** An answer in the form that the client asked for. `text` is compact JSON without a line feed. */
export function respond(call: Call, status: number, text: string): Answer {
  const { accept, query, request } = call;
  if (accept.format === 'yaml') return { status, headers: { 'content-type': YAML_TYPE }, body: toYaml(parseGoNumbers(text)) };
  const pretty = isPretty(accept, query, request.header('user-agent'));
  return { status, headers: { 'content-type': JSON_TYPE }, body: pretty ? indent(parseDigits(text)) : `${text}\n` };
}

/** Whether respond would send a JSON text as it is (with a line feed). */
export const sendsAsIs = ({ accept, query, request }: Call): boolean =>
  accept.format !== 'yaml' && !isPretty(accept, query, request.header('user-agent'));

/** JSON that is bytes already; only where sendsAsIs. */
export const respondBytes = (status: number, bytes: Uint8Array<ArrayBuffer>): Answer => ({
  status,
  headers: { 'content-type': JSON_TYPE },
  body: '',
  bytes,
});

const indent = (value: unknown) => jsonText(value, 2);

/** js-yaml's schema, whose integers are bigints too: those beyond 2^53. */
const SCHEMA = DUMP_SCHEMA.withTags(
  DUMP_SCHEMA.tags.flatMap((tag) =>
    tag.nodeKind === 'scalar' && tag.tagName === intYaml11Tag.tagName ? [{ ...tag, identify: isInteger, represent: String }] : [],
  ),
);
function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || intYaml11Tag.identify(value);
}

/** Keys sorted, strings that need it in double quotes: as sigs.k8s.io/yaml prints. */
export function toYaml(value: unknown): string {
  return dump(value, { schema: SCHEMA, sortKeys: true, noRefs: true, lineWidth: -1, quoteStyle: 'double', seqNoIndent: true });
}

/** Plain text, as of the health checks and the Go router. */
export const text = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body,
});

/** The answer of Go's router to an unknown path. */
export const pageNotFound = (): Answer => text(404, '404 page not found\n');

/** A Status as an answer. Errors that came before negotiation succeeded are indented, as upstream's raw JSON is. */
export function respondError(error: StatusError, call: Call | undefined): Answer {
  const status: Obj = error.status;
  const answer = call
    ? respond(call, error.code, JSON.stringify(status))
    : { status: error.code, headers: { 'content-type': JSON_TYPE }, body: indent(status) };
  Object.assign(answer.headers, error.headers);
  const seconds = status.details?.retryAfterSeconds;
  if (seconds > 0) answer.headers['retry-after'] = String(seconds);
  return answer;
}

/** Warning headers (RFC 7234, 5.5): `299 - "text"`, each text once, joined as one header. */
export function warningHeader(warnings: readonly string[]): string {
  const texts = [...new Set(warnings)];
  const long = texts.reduce((sum, text) => sum + text.length, 0) > WARNINGS_CHARACTERS;
  return texts
    .map((text) => `299 - "${printable(long ? text.slice(0, WARNING_CHARACTERS) : text).replace(/[\\"]/g, '\\$&')}"`)
    .join(', ');
}

/** A header holds no control characters. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, ' ');
