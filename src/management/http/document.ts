import type { createApp } from './app.ts';
import type { ProblemCode } from './errors.ts';
import { codesIn, ORIGIN, PROBLEM_JSON, refusal } from './refusals.ts';

/** Release of the document. */
export const VERSION = '0.1.0';

const DESCRIPTION = `Accounts, people, tokens and clusters. Each cluster speaks the Kubernetes API at its own address.

**Addresses.** Everything that belongs to an account is under \`/v1/accounts/{account}\`; \`self\` is the account of the API token. A cluster is
named by its id or its name.

**Who may.** A bearer token stands for an API token, a person who signed in, or the operator. What it cannot see is answered with 404,
whether it exists or not; what it sees and may not do, with 403. \`x-atoll-guard\` beside each operation is what the server checks: \`needs\`
is a level (read, write, admin, owner), or who it is for; \`allowRestrictedTokens\`: also tokens that reach some clusters only; \`allowOperator\`: also the
operator, in any account; \`allowDeleting\`: also in an account that is being deleted.

**Refusals** are problem details (RFC 9457). Their \`code\` is stable, their words are not; \`type\` is the address of a page about the code.

**Repeating.** A POST with the header Idempotency-Key is done once: the same request under the same key gets the first answer again, for 24
hours, with the header Idempotency-Replayed.

**Request ids.** Every answer has a header X-Request-Id: the one that the request had, if it is well-formed (8 to 128 letters, digits and
\`_.:-\`), else a new one.

**Pages.** A list answers with \`items\` and, unless it was the last page, \`next\`, which is \`after\` of the next one.`;

const INFO = {
  openapi: '3.1.0',
  info: {
    title: 'Atoll',
    version: VERSION,
    description: DESCRIPTION,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: ORIGIN, description: 'The local server, as "npm start" starts it' }],
  tags: [
    { name: 'accounts', description: 'Organisations, which own everything else; and who the token stands for.' },
    { name: 'members', description: 'People in an account, their roles, and invitations.' },
    { name: 'tokens', description: 'API tokens of an account: named, scoped, expiring.' },
    { name: 'clusters', description: 'Clusters: making, changing, suspending, copying, deleting and restoring them.' },
    { name: 'credentials', description: 'What lets people and machines into one cluster, as kubeconfigs.' },
    { name: 'operations', description: 'Long work, and how far it is.' },
    { name: 'usage', description: 'What accounts and clusters have used, and their limits.' },
    { name: 'audit', description: 'Who did what: the log of this API, and the Kubernetes audit log of a cluster.' },
    { name: 'operator', description: 'For the operator of the deployment.' },
    { name: 'people', description: 'Signing in with OpenID Connect, devices, and sessions.' },
    { name: 'problems', description: 'What the codes of refusals mean.' },
  ],
};

/** The parts of JSON Schema and OpenAPI that are used here. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  description?: string;
  minimum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}
export interface Media {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { $ref?: string; value?: unknown }>;
}
export interface Answer {
  $ref?: string;
  description?: string;
  headers?: Record<string, { description: string }>;
  content?: Record<string, Media>;
}
export interface Operation {
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; description?: string; schema: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, Answer>;
  'x-atoll-guard': object;
}
export interface Document {
  info: { version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, Answer>;
    examples: Record<string, { value: unknown }>;
  };
}

const nameIn = ($ref: string): string => $ref.slice($ref.lastIndexOf('/') + 1);

/** An example of a schema: its own, else assembled from its parts (of an object: the required ones). Undefined: there is none. */
export function exampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.$ref) return exampleOf(schemas[nameIn(schema.$ref)], schemas);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.allOf) {
    const parts = schema.allOf.map((part) => exampleOf(part, schemas)).filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : Object.assign({}, ...parts);
  }
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice) return exampleOf(choice, schemas);
  return ofType(schema, schemas);
}

function ofType(schema: Schema, schemas: Record<string, Schema>): unknown {
  const { type, properties = {}, required = [], items } = schema;
  if (type === 'object') {
    const entries = required.map((key) => [key, exampleOf(properties[key], schemas)] as const);
    return entries.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(entries);
  }
  if (type === 'array') {
    const item = items && exampleOf(items, schemas);
    return item === undefined ? undefined : [item];
  }
  if (schema.default !== undefined) return schema.default;
  if (type === 'boolean') return false;
  return type === 'integer' ? (schema.minimum ?? 0) : undefined;
}

/** Adds an example to every body and answer, one component per named schema. */
function exemplify(media: Media, { schemas, examples }: Document['components']): void {
  if (media.example !== undefined || media.examples) return;
  const value = exampleOf(media.schema, schemas);
  if (value === undefined) return;
  const { $ref } = media.schema;
  if ($ref === undefined) {
    media.example = value;
    return;
  }
  const name = nameIn($ref);
  examples[name] ??= { value };
  media.examples = { [name]: { $ref: `#/components/examples/${name}` } };
}

/** Pattern without JavaScript's flags: patterns of JSON Schema are Unicode. */
const plainPattern = (key: string, value: unknown): unknown =>
  key === 'pattern' && typeof value === 'string' ? value.replace(/\/[a-z]+$/, '') : value;

/** The API document of the app. */
export function documentOf(app: ReturnType<typeof createApp>): Document {
  const document = JSON.parse(JSON.stringify(app.getOpenAPI31Document(INFO), plainPattern)) as Document;
  const { components } = document;
  components.responses = {};
  components.examples = {};
  for (const operation of Object.values(document.paths).flatMap((item) => Object.values(item))) {
    for (const { $ref } of Object.values(operation.responses)) {
      if ($ref !== undefined) components.responses[nameIn($ref)] ??= refusal(codesIn($ref)) as Answer;
    }
    for (const { content = {} } of [operation.requestBody ?? {}, ...Object.values(operation.responses)] as Answer[]) {
      for (const media of Object.values(content)) exemplify(media, components);
    }
  }
  return document;
}

/** Codes that an operation may refuse with, by status. */
export const codesOfOperation = ({ components }: Document, { responses }: Operation): Record<string, ProblemCode[]> =>
  Object.fromEntries(
    Object.entries(responses).flatMap(([status, answer]) => {
      const { content } = answer.$ref === undefined ? answer : components.responses[nameIn(answer.$ref)];
      const examples = content?.[PROBLEM_JSON]?.examples;
      return examples ? [[status, Object.keys(examples) as ProblemCode[]]] : [];
    }),
  );
