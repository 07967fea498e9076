import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, required, tooLong } from '../machinery/field-errors.ts';
import { JsonSyntaxError, parseJson } from '../machinery/decode-json.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { isConfigMapKey } from '../machinery/names.ts';
import { checkImmutable, decodedLength } from './config-map.ts';
import { each, MAX_SECRET_BYTES } from '../machinery/checks.ts';

/** Secret (registry/core/secret/strategy.go, ValidateSecret). */

const TOKEN = 'kubernetes.io/service-account-token';
const SERVICE_ACCOUNT_NAME = 'kubernetes.io/service-account.name';

/** Types whose one key must hold JSON. */
const DOCKER: Record<string, string> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
};

function toBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

const fromBase64 = (base64: string): string => new TextDecoder().decode(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));

function defaults(object: KubeObject): void {
  if (!object.type) object.type = 'Opaque';
  const text = object.stringData;
  if (!text) return;
  // The write-only stringData overwrites data key by key (Convert_v1_Secret_To_core_Secret).
  const data = { ...object.data };
  for (const key in text) data[key] = toBase64(text[key]);
  if (Object.keys(data).length) object.data = data;
  delete object.stringData;
}

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in object.data) {
    const messages = isConfigMapKey(key);
    if (messages.length) errors.push(...each(`data[${key}]`, key, messages));
    size += decodedLength(object.data[key]);
  }
  if (size > MAX_SECRET_BYTES) errors.push(tooLong('data', '', MAX_SECRET_BYTES));
  errors.push(...validateType(object));
  return errors;
}

function validateType(object: KubeObject): FieldError[] {
  const data: Record<string, string> = object.data ?? {};
  const missing = (key: string) => (Object.hasOwn(data, key) ? [] : [required(`data[${key}]`)]);
  switch (object.type) {
    case TOKEN:
      return object.metadata.annotations?.[SERVICE_ACCOUNT_NAME]
        ? []
        : [required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`)];
    case 'kubernetes.io/basic-auth': {
      const errors = [...missing('username'), ...missing('password')];
      return errors.length === 2 ? errors : [];
    }
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')];
    case 'kubernetes.io/tls':
      return [...missing('tls.crt'), ...missing('tls.key')];
  }
  const key = DOCKER[object.type];
  if (!key) return [];
  if (!Object.hasOwn(data, key)) return [required(`data[${key}]`)];
  const problem = jsonProblem(fromBase64(data[key] as string));
  return problem ? [invalid(`data[${key}]`, '<secret contents redacted>', problem)] : [];
}

/** How Go words it when a text is not a JSON object; undefined when it is one. */
function jsonProblem(text: string): string | undefined {
  try {
    const node = parseJson(text);
    if (node.t === 'object' || node.t === 'null') return undefined;
    return `json: cannot unmarshal ${node.t} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}

/** The first error that Go's tls.X509KeyPair has for an invalid pair. Keys that do parse are not matched against each other here. */
function tlsWarnings(object: KubeObject): string[] {
  if (object.type !== 'kubernetes.io/tls') return [];
  const pem = (key: string) => fromBase64(object.data?.[key] ?? '');
  const certificate = pem('tls.crt');
  if (!/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.test(certificate)) {
    if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(certificate)) {
      const switched = 'but did find a private key; PEM inputs may have been switched';
      return [`tls: failed to find certificate PEM data in certificate input, ${switched}`];
    }
    if (/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/.test(certificate)) {
      const types = [...certificate.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map((m) => m[1]);
      const skipped = `after skipping PEM blocks of the following types: [${types.join(' ')}]`;
      return [`tls: failed to find "CERTIFICATE" PEM block in certificate input ${skipped}`];
    }
    return ['tls: failed to find any PEM data in certificate input'];
  }
  const key = pem('tls.key');
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----/.test(key)) return [];
  return ['tls: failed to find any PEM data in key input'];
}

export const Secret = defineKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  resource: 'secrets',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.Secret'),
  defaults,
  prepareUpdate(object, old) {
    if (!object.type) object.type = old.type;
  },
  validateCreate: validate,
  validateUpdate: (object, old) => [
    ...(object.type === old.type ? [] : [invalid('type', object.type ?? '', FIELD_IMMUTABLE)]),
    ...checkImmutable(object, old, ['data']),
    ...validateObjectMeta(object.metadata, true, undefined, 'metadata'),
    ...validate(object),
  ],
  warnings: tlsWarnings,
  selectable: { type: ['type'] },
  columns: columnsOf('secrets', nameCell, textCell('type'), (object) => Object.keys(object.data ?? {}).length, ageCell),
});
