/** What of JSON Schema the OpenAPI document uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  minItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

/** Things of the account that a body may name. */
export interface Known {
  cluster: string;
  person: string;
  invitationSecret: string;
  now: number;
}

const DAY = 86_400_000;
const UNIQUE = 'zz-sample';

/** Names of properties whose values must be of this world. */
const BY_NAME: Record<string, (known: Known) => unknown> = {
  cluster: (k) => k.cluster,
  clusters: (k) => [k.cluster],
  from: (k) => k.cluster,
  template: (k) => k.cluster,
  person: (k) => k.person,
  personId: (k) => k.person,
  to: (k) => k.person,
  invitation: (k) => k.invitationSecret,
  secret: (k) => k.invitationSecret,
  email: () => 'zz-new@people.test',
  name: () => UNIQUE,
};

/** Which of a body's properties name things of an account, by the same names. */
export function namesIn(schema: Schema, schemas: Record<string, Schema>): string[] {
  if (schema.$ref) return namesIn(schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)], schemas);
  const own = Object.keys(schema.properties ?? {}).filter(
    (name) => name in BY_NAME && !['name', 'email', 'invitation', 'secret'].includes(name),
  );
  return [...own, ...(schema.allOf ?? []).flatMap((part) => namesIn(part, schemas))];
}

/** What such a property would say. */
export const naming = (name: string, known: Known): Record<string, unknown> => ({ [name]: BY_NAME[name](known) });

/** A value that the schema takes: required properties only, with names of this world where the schema cannot know them. */
export function sample(schema: Schema, schemas: Record<string, Schema>, known: Known, name = ''): unknown {
  if (schema.$ref) return sample(schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)], schemas, known, name);
  if (schema.const !== undefined) return schema.const;
  const ofName = BY_NAME[name];
  if (ofName && schema.type !== 'object') return ofName(known);
  if (schema.example !== undefined && !schema.properties) return schema.example;
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => sample(part, schemas, known, name)));
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice) return sample(choice, schemas, known, name);
  return ofType(schema, schemas, known, name);
}

function ofType(schema: Schema, schemas: Record<string, Schema>, known: Known, name: string): unknown {
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object': {
      const properties = Object.keys(schema.properties ?? {});
      // Of what may be left out one thing is said, for a change of nothing may be refused.
      const said = schema.required?.length ? schema.required : properties.slice(0, 1);
      return Object.fromEntries(said.map((key) => [key, sample(schema.properties?.[key] ?? {}, schemas, known, key)]));
    }
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items ?? {}, schemas, known, name));
    case 'integer':
    case 'number':
      return schema.minimum ?? (schema.exclusiveMinimum !== undefined ? schema.exclusiveMinimum + 1 : 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return schema.format === 'date-time'
        ? new Date(known.now + DAY).toISOString()
        : 'x'.repeat(Math.max(1, schema.minLength ?? 0));
  }
}
