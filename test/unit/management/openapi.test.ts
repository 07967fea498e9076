import { readFileSync, readdirSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { z } from '@hono/zod-openapi';
import {
  type Answer,
  codesOfOperation,
  type Document,
  documentOf,
  type Media,
  type Operation,
  VERSION,
} from '../../../src/management/http/document.ts';
import { PROBLEM_CODES, PROBLEMS } from '../../../src/management/http/errors.ts';
import { problemPage } from '../../../src/management/problems/page.ts';
import { validatorOf } from './contract.ts';
import { makeManagement } from './world.ts';

/** Index of all codes with links to their pages. */
const problemIndex = (): string => `# Refusals of the management API

Every refusal is a problem detail (RFC 9457, \`application/problem+json\`). Its \`code\` is stable; the words of \`title\` and \`detail\` are for people
and may change. \`type\` is the address of the code's page.

| code | status | |
|---|---|---|
${PROBLEM_CODES.map((code) => `| [\`${code}\`](${code}.md) | ${PROBLEMS[code].status} | ${PROBLEMS[code].title} |`).join('\n')}
`;

const { app } = makeManagement();
const document = documentOf(app);
const copy = (): Document => structuredClone(document);
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
);
const parts = ({ requestBody, responses }: Operation): [string, Media][] =>
  [requestBody ?? {}, ...Object.values(responses)].flatMap((part) => Object.entries((part as Answer).content ?? {}));
const valuesOf = ({ example, examples }: Media): unknown[] =>
  examples
    ? Object.values(examples).map(({ $ref, value }) =>
        $ref ? document.components.examples[$ref.split('/').at(-1) ?? ''].value : value,
      )
    : [example];

it('[MG100] openapi.yaml is what the routes say ("npm run openapi" writes it)', async () => {
  const text = dump(copy(), { lineWidth: 130, noRefs: true });
  await expect(text).toMatchFileSnapshot('../../../openapi.yaml');
});

describe('[MG100] the document', () => {
  it('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(copy() as never);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  });

  it('is of this release, and its tags are described and used', () => {
    expect(VERSION).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
    expect(document.info.version).toBe(VERSION);
    const used = new Set(operations.flatMap(({ operation }) => operation.tags ?? []));
    expect([...used].sort()).toEqual(document.tags.map(({ name }) => name).sort());
    expect(document.tags.every(({ description }) => description.length > 10)).toBe(true);
  });

  it('has every route of the app, once, under a name of its own', () => {
    const routes = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method.toLowerCase()} ${path}`);
    expect(operations.map(({ name }) => name.replace(/\{(\w+)\}/g, ':$1')).sort()).toEqual([...new Set(routes)].sort());
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names, summarises, describes and guards every operation', () => {
    const lacking = operations.filter(
      ({ operation: { operationId, tags, summary, description, 'x-atoll-guard': guard } }) =>
        !operationId || tags?.length !== 1 || !summary || !description || !guard,
    );
    expect(lacking.map(({ name }) => name)).toEqual([]);
  });

  it('describes every parameter', () => {
    const silent = operations.flatMap(({ name, operation: { parameters = [] } }) =>
      parameters.filter((p) => !p.description && !p.schema.description).map((p) => `${name}: ${p.name}`),
    );
    expect(silent).toEqual([]);
  });

  it('documents how every operation refuses, by codes that there are and have that status', () => {
    for (const { name, operation } of operations) {
      const byStatus = codesOfOperation(document, operation);
      expect(Object.keys(byStatus), name).toContain('500');
      for (const [status, codes] of Object.entries(byStatus)) {
        for (const code of codes) expect(String(PROBLEMS[code]?.status), `${name}: ${code}`).toBe(status);
      }
    }
  });
});

describe('[MG100] examples', () => {
  const validate = validatorOf(document);

  it('are there for every body and every answer', () => {
    const lacking = operations.flatMap(({ name, operation }) =>
      parts(operation)
        .filter(([type, media]) => type !== 'text/html' && valuesOf(media).some((value) => value === undefined))
        .map(([type]) => `${name}: ${type}`),
    );
    expect(lacking).toEqual([]);
  });

  it('are what their schemas say', () => {
    const wrong = [
      ...operations.flatMap(({ name, operation }) => parts(operation).map((part) => [name, part] as const)),
      ...Object.entries(document.components.responses).flatMap(([name, { content = {} }]) =>
        Object.entries(content).map((part) => [name, part] as const),
      ),
    ].flatMap(([name, [type, media]]) =>
      valuesOf(media)
        .filter((value) => value !== undefined)
        .flatMap((value) => validate(media.schema, value).map((error) => `${name}: ${type}: ${error}`)),
    );
    expect(wrong).toEqual([]);
  });

  it('of bodies are taken by the routes', () => {
    const wrong: string[] = [];
    for (const definition of app.openAPIRegistry.definitions) {
      if (definition.type !== 'route') continue;
      const { method, path, request } = definition.route;
      const content = (request?.body?.content ?? {}) as Record<string, { schema: z.ZodType }>;
      const { requestBody } = document.paths[path][method];
      for (const [type, { schema }] of Object.entries(content)) {
        for (const value of valuesOf((requestBody as Required<Operation>['requestBody']).content[type])) {
          const { error } = schema.safeParse(value);
          if (error) wrong.push(`${method} ${path}: ${error.message}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('[MG102] docs/errors', () => {
  it.each(PROBLEM_CODES)('has the page of %s ("npm run openapi" writes it)', async (code) => {
    await expect(problemPage(code, 'https://localhost:8443')).toMatchFileSnapshot(`../../../docs/errors/${code}.md`);
  });

  it('lists them all, and holds no other', async () => {
    await expect(problemIndex()).toMatchFileSnapshot('../../../docs/errors/README.md');
    expect(readdirSync('docs/errors').sort()).toEqual(['README.md', ...PROBLEM_CODES.map((code) => `${code}.md`)].sort());
  });
});
