import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Document, Schema } from '../../../src/management/document.ts';

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
