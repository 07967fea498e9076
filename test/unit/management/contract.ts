import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import {
  codesOfOperation,
  type Document,
  documentOf,
  type Operation,
  type Schema,
} from '../../../src/management/http/document.ts';
import type { ProblemCode } from '../../../src/management/http/errors.ts';
import { PROBLEM_JSON } from '../../../src/management/http/refusals.ts';

type Strict = Schema & { unevaluatedProperties?: boolean; additionalProperties?: unknown };

/** The same schema, but what it does not name may not be there. Parts of an `allOf` are left open: their whole is closed. */
function closed(schema: Strict, isPart = false): Strict {
  const { items, properties, allOf, anyOf, oneOf, additionalProperties } = schema;
  const each = (list: Schema[] | undefined, part: boolean) => list?.map((of) => closed(of, part));
  const isObject = (properties && additionalProperties === undefined) || allOf || schema.$ref;
  return {
    ...schema,
    ...(items && { items: closed(items) }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, of]) => [key, closed(of)])) }),
    ...(allOf && { allOf: each(allOf, true) as Schema[] }),
    ...(anyOf && { anyOf: each(anyOf, isPart) as Schema[] }),
    ...(oneOf && { oneOf: each(oneOf, isPart) as Schema[] }),
    ...(isObject && !isPart && { unevaluatedProperties: false }),
  };
}

/** Checks values against schemas of the document; says what is wrong. */
export function validatorOf({ components }: Document): (schema: Schema, value: unknown) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const schemas = Object.fromEntries(Object.entries(components.schemas).map(([name, schema]) => [name, closed(schema, true)]));
  ajv.addSchema({ $id: 'atoll:', components: { schemas } });
  const compiled = new Map<Schema, ReturnType<typeof ajv.compile>>();
  const compile = (schema: Schema) => {
    const text = JSON.stringify(closed(schema)).replaceAll('"#/components', '"atoll:#/components');
    const validate = ajv.compile(JSON.parse(text) as object);
    compiled.set(schema, validate);
    return validate;
  };
  return (schema, value) => {
    const validate = compiled.get(schema) ?? compile(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

/** Headers that are part of an answer. */
const TOLD_HEADERS = ['etag', 'location', 'link', 'x-credential-id'];
const lowered = (headers: object = {}): object =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

interface Contract {
  document: Document;
  validate: ReturnType<typeof validatorOf>;
}
let contract: Contract | undefined;
/** How an address or method that is not in the document is refused, and what no route is asked about. */
const NO_ROUTE: readonly ProblemCode[] = ['not-found', 'method-not-allowed', 'foreign-origin', 'too-large', 'rate-limited'];

function contractOf(app: Parameters<typeof documentOf>[0]): Contract {
  if (contract) return contract;
  const document = documentOf(app);
  contract = { document, validate: validatorOf(document) };
  return contract;
}

/** The operation that an address belongs to; the one with the fewest parameters counts. */
function operationAt({ paths }: Document, method: string, path: string): Operation | undefined {
  const found = Object.keys(paths)
    .filter((template) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path) && paths[template][method])
    .sort((a, b) => a.split('{').length - b.split('{').length);
  return found.length === 0 ? undefined : paths[found[0]][method];
}

/** What of an answer the document does not allow; empty: it is as the document says. */
export function breaches(
  app: Parameters<typeof documentOf>[0],
  { method, url }: { method: string; url: string },
  { status, type, text, headers = new Headers() }: { status: number; type: string; text: string; headers?: Headers },
): string[] {
  const { document, validate } = contractOf(app);
  const operation = operationAt(document, method === 'HEAD' ? 'get' : method.toLowerCase(), new URL(url).pathname);
  const media = type.split(';')[0];
  if (media === PROBLEM_JSON) {
    const { code, ...problem } = JSON.parse(text) as { code: ProblemCode };
    const known = operation ? codesOfOperation(document, operation)[status] : NO_ROUTE;
    const wrong = validate({ $ref: '#/components/schemas/Problem' }, { code, ...problem });
    return known?.includes(code)
      ? wrong
      : [...wrong, `${operation?.operationId} does not tell of ${status} ${code}: add it to "refuses"`];
  }
  if (!operation) return [`${method} ${url} is not in the document, and answered ${status}`];
  const answer = operation.responses[status];
  if (!answer) return [`${operation.operationId} does not tell of ${status}`];
  const silent = TOLD_HEADERS.filter((name) => headers.has(name) && !(name in lowered(answer.headers)));
  if (silent.length > 0) return [`${operation.operationId} does not tell of the header ${silent}`];
  if (method === 'HEAD' || media === 'text/html' || (text === '' && !answer.content)) return [];
  const schema = answer.content?.[media]?.schema;
  if (!schema) return [`${operation.operationId} does not tell of ${status} ${media}`];
  return validate(schema, media === 'application/json' ? JSON.parse(text) : text);
}
