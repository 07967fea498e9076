// Packs what OpenAPI documents say to people: what every type and field is for, read from @kubernetes/client-node (generated from the same release as our schema table)
// and writes it, packed, to node_modules/.cache/atoll/descriptions.mjs: `export default "<base64 of gzip of JSON>"`. Run by the build of
// the server's bundle; a second run with the same package does nothing.
//   import { descriptionsModule, MODULE } from './src/api/openapi/descriptions.mjs';
//   esbuild.build({ ..., alias: { [MODULE]: descriptionsModule() } })
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PACKAGE = join(ROOT, 'node_modules', '@kubernetes', 'client-node');
const CACHE = join(ROOT, 'node_modules', '.cache', 'atoll');
const here = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

/** The generator's name of a definition: V1Deployment, or with its group before it where two groups use the name. */
function modelNames(home, name) {
  const [group, version] = home.split('.').slice(-2);
  const upper = (text) => text[0].toUpperCase() + text.slice(1);
  return [`${upper(group)}${upper(version)}${name}`, `${upper(version)}${name}`];
}

/** Doc comments are one line; quotes are escaped as in the source they are pasted into. */
const unescape = (text) => text.replaceAll('*_/', '*/').replaceAll('/_*', '/*').replace(/\\(["'\\])/g, '$1');
const MEMBER = /\/\*\*\n\s*\* (.*)\n\s*\*\/\n\s*(?:export declare class \w+|'([^']+)'\??:)/g;

function parse(text) {
  const out = {};
  for (const m of text.matchAll(MEMBER)) out[m[2] ?? ''] = unescape(m[1]);
  return out;
}

/** Definition name -> { '': its description, field: description }. Line breaks and tabs, lost in the package, are put back. */
export function readDescriptions() {
  const models = join(PACKAGE, 'dist', 'gen', 'models');
  const files = new Set(readdirSync(models));
  const { breaks, missing } = here('./extras.generated.json');
  const { types } = here('./schema.generated.json');
  const out = {};
  for (const home in types) {
    for (const name in types[home]) {
      const model = modelNames(home, name).find((one) => files.has(`${one}.d.ts`));
      if (!model) continue;
      const found = parse(readFileSync(join(models, `${model}.d.ts`), 'utf8'));
      for (const field in found) found[field] = withBreaks(found[field], breaks[`${home}.${name}:${field}`]);
      out[`${home}.${name}`] = found;
    }
  }
  for (const text in missing) {
    for (const key of missing[text]) {
      const [name, field] = key.split(':');
      if (text) (out[name] ??= {})[field] = text;
      else delete out[name]?.[field];
    }
  }
  return out;
}

/** `places` alternates how many characters to skip and what stands there: "12n0t" = newline at 12, tab at 13. */
function withBreaks(text, places) {
  if (!places) return text;
  let at = 0;
  let out = '';
  for (const [, skip, char] of places.matchAll(/(\d+)([nt])/g)) {
    out += text.slice(at, at + Number(skip)) + (char === 'n' ? '\n' : '\t');
    at += Number(skip) + 1;
  }
  return out + text.slice(at);
}

/** Descriptions with the enumerations, defaults and unions of the generated table: what apiserver/openapi-facts.ts unpacks. */
export function readFacts() {
  const { enums, enumFields, defaults, unions } = here('./extras.generated.json');
  return { descriptions: readDescriptions(), enums, enumFields, defaults, unions };
}

/** Under this name the worker imports the module; bundlers are told where it lies. */
export const MODULE = '#packed-descriptions';

/** Writes the module unless it is there and up to date; returns its file name, which is always the same. */
export function descriptionsModule() {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  const tables = ['./schema.generated.json', './extras.generated.json'].map((name) => readFileSync(new URL(name, import.meta.url)));
  const made = createHash('sha256').update(version).update(tables[0]).update(tables[1]).update(readFileSync(import.meta.filename));
  const mark = `// ${made.digest('hex')}\n`;
  const file = join(CACHE, 'descriptions.mjs');
  if (existsSync(file) && readFileSync(file, 'utf8').startsWith(mark)) return file;
  const packed = gzipSync(JSON.stringify(readFacts()), { level: 9 }).toString('base64');
  mkdirSync(CACHE, { recursive: true });
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, `${mark}export default ${JSON.stringify(packed)};\n`);
  renameSync(next, file);
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(descriptionsModule());
