import { yamlValue } from '../../api/machinery/decode-yaml.ts';
import { jsonText, parseDigits } from '../../api/machinery/numerals.ts';
import type { Obj } from '../../lib/json.ts';
import type { Answer } from '../messages.ts';
import { JSON_TYPE, YAML_TYPE } from '../negotiate.ts';

const decoder = new TextDecoder();
/** Refused before negotiation: written as it is, past the audit log. */
const NOT_ACCEPTABLE = 406;

/** The object in an answer, as one line of JSON; empty: it holds none (health, version, OpenAPI). */
export function bodyText({ status, headers, body, bytes }: Answer): string {
  if (status === NOT_ACCEPTABLE) return '';
  const type = headers['content-type'];
  const text = (bytes ? decoder.decode(bytes) : body).trimEnd();
  if (type === YAML_TYPE) return objectText(yamlValue(text));
  if (!type?.startsWith(JSON_TYPE)) return '';
  if (/^\{"(?:kind|apiVersion)":/.test(text) && !text.includes('\n')) return text;
  return objectText(parse(text));
}

const objectText = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'kind' in value ? jsonText(value) : '';

function parse(text: string): unknown {
  try {
    return parseDigits(text);
  } catch {
    return undefined;
  }
}

/** responseStatus of an event: the fields of a Status, or the code of any other answer. */
export function statusOf(code: number, body: string): Obj {
  if (!/^\{(?:"apiVersion":"v1",)?"kind":"Status"/.test(body)) return { metadata: {}, code };
  const { status, message, reason, details } = JSON.parse(body) as Obj;
  return {
    metadata: {},
    ...(status && { status }),
    ...(message && { message }),
    ...(reason && { reason }),
    ...(details && { details }),
    code,
  };
}
