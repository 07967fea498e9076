import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLAN_NAMES, type Plan, PLANS } from '../../../src/management/plans.ts';

const source = (file: string) => readFileSync(new URL(`../../../src/${file}`, import.meta.url), 'utf8');
/** The tables of bounds: one per room. */
const tables = await Promise.all(
  readdirSync(new URL('../../../src/', import.meta.url))
    .map((room) => `${room}/limits.ts`)
    .filter((file) => existsSync(new URL(`../../../src/${file}`, import.meta.url)) && file !== 'tenancy/limits.ts')
    .sort()
    .map(async (file) => ({
      file,
      values: (await import(new URL(`../../../src/${file}`, import.meta.url).href)) as Record<string, unknown>,
    })),
);
const number = (value: number) => value.toLocaleString('en-US');

function shown(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? number(value) : String(value);
  if (Array.isArray(value)) return value.map(shown).join('; ');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, one]) => `${key} ${shown(one)}`)
      .join(', ');
  }
  return String(value);
}

/** The constants of a table, each with what the table says of it. A comment is about all that follow it up to the next. */
function rowsOf(text: string, values: Record<string, unknown>): { name: string; value: string; about: string }[] {
  const rows = [];
  let about = '';
  for (const match of text.matchAll(/\/\*\*([\s\S]*?)\*\/|^export const (\w+)/gm)) {
    if (match[1] !== undefined) {
      about = match[1]
        .split('\n')
        .map((line) => line.replace(/^\s*\*\s?/, '').trim())
        .join(' ')
        .trim();
    } else rows.push({ name: match[2], value: shown(values[match[2]]), about });
  }
  return rows;
}

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const bounds = (file: string, values: Record<string, unknown>): string =>
  table(
    ['bound', 'value', 'what it bounds'],
    rowsOf(source(file), values).map(({ name, value, about }) => [`\`${name}\``, value, about.replaceAll('|', '\\|')]),
  );

/** What the interface says of each limit of a plan. */
function meanings(): [string, string][] {
  const text = source('tenancy/limits.ts');
  const body = text.slice(text.indexOf('export interface ClusterLimits'));
  const found: [string, string][] = [];
  let about = '';
  for (const match of body.matchAll(/\/\*\* (.*?) \*\/|^ {2}(\w+)\?: number;/gm)) {
    if (match[1] !== undefined) about = match[1];
    else found.push([match[2], about]);
  }
  return found;
}

function plans(): string {
  const all = PLANS as Record<string, Plan>;
  const cell = (value: number | undefined) => (value === undefined ? 'no bound' : number(value));
  const rows = meanings().map(([name, about]) => [
    `\`${name}\``,
    ...PLAN_NAMES.map((plan) => cell(all[plan].cluster[name as keyof Plan['cluster']])),
    about,
  ]);
  const clusters = [
    '`clusters`',
    ...PLAN_NAMES.map((plan) => cell(all[plan].clusters)),
    'Clusters of the account, deleted ones apart; beyond it 429 `limit-reached`.',
  ];
  const ports = [
    '`ports`',
    ...PLAN_NAMES.map((plan) => cell(all[plan].ports)),
    "Ports of the server's machine that they have of their own; beyond it 429 `limit-reached`.",
  ];
  return table(['limit', ...PLAN_NAMES, 'of each cluster, unless it says otherwise'], [clusters, ports, ...rows]);
}

const page = () => `# Limits

Made of the tables in the code by \`npx vitest run test/unit/docs --update\`; a test compares.

## Plans

The operator gives an account its plan: \`PATCH /v1/accounts/{account}/plan\` with \`{"plan": "free"}\`. Accounts begin with \`standard\`; the local
account of \`npm start\` has \`unlimited\`. New clusters have the plan at once, those that there are within moments. What is not bounded by a plan
is bounded by the tables below.

${plans()}

What clients are told, and what they do about it:

- Requests too fast, too much that was sent, and too many watches: 429 \`TooManyRequests\` with \`Retry-After\`. client-go waits and tries
  again by itself. They are not counted as usage.
- Too many objects or bytes: 403 \`Forbidden\`, "exceeded quota", in the words of a ResourceQuota, since trying again would not help. Controllers
  say \`FailedCreate\` and try again later. Deleting always works, and makes room as soon as the history is compacted, which is then kept short.
- Of the management API: 429 \`limit-reached\` for what the plan does not allow, 429 \`rate-limited\` with \`Retry-After\` for requests that come too fast.

## Sharing one server

Deployed on Cloudflare each cluster has a thread of its own. On one machine all share one. While several clusters are there, each
pays for what its requests take: beyond a third of the thread's time it has one under way, and the rest of its own waits outside. So does
each account, with all of its clusters and what it asks of management together, while clusters of others are in use. What controllers do
goes in short slices with rests in between (\`CONTENDED_*\` below). A tenant who is alone is not held back.

## HTTP

What the local server bounds otherwise than kube-apiserver does, all of it in workerd, which reads requests for it:

- A path with its query has at most 65,534 bytes (on a cluster's own port, its \`/clusters/ID\` among them); beyond it 414. kube-apiserver
  bounds only the whole head of a request, to 1 MiB; here that is \`REQUEST_HEAD_BYTES\` below. Cloudflare has bounds of its own, smaller ones.
- A cluster reads the whole body of a request before it looks at its head. With \`Expect: 100-continue\`, and with bodies of more than 256 KiB,
  kube-apiserver refuses (401, 403, 404, 405, 415) without the body; here the client is told to go on, and refused when its body is there.
  Requests without a bearer token are refused at once. Other bodies kube-apiserver waits for, too, before a refusal.

${tables.map(({ file, values }) => `## Of \`src/${file.replace('/limits.ts', '')}\`\n\n${bounds(file, values)}\n`).join('\n')}`;

describe('docs/limits.md', () => {
  it('[MG79] says what the tables say', async () => {
    await expect(page()).toMatchFileSnapshot('../../../docs/limits.md');
  });

  it('[MG79] explains every bound', () => {
    for (const { file, values } of tables) {
      const rows = rowsOf(source(file), values);
      expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(values).sort());
      for (const { name, about } of rows) expect(about, name).not.toBe('');
    }
    const named = new Set(meanings().map(([name]) => name));
    for (const plan of Object.values(PLANS))
      for (const name of Object.keys(plan.cluster)) expect(named.has(name), name).toBe(true);
  });
});
