// Packs what OpenAPI documents tell people (descriptions, enumerations, defaults, unions) into a module that bundles of the Worker carry:
// `export default "<base64 of gzip of JSON>"`, in node_modules/.cache/atoll. Run by whatever bundles the Worker; a second run with the
// same tables does nothing.
//   import { descriptionsModule, MODULE } from './src/api/openapi/descriptions.mjs';
//   esbuild.build({ ..., alias: { [MODULE]: descriptionsModule() } })
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/atoll', import.meta.url));
const TABLES = ['./descriptions.generated.json', './extras.generated.json'].map((name) => fileURLToPath(new URL(name, import.meta.url)));

/** The facts that apiserver/openapi-facts.ts unpacks; `descriptions` is definition name -> { '': its description, field: description }. */
export function readFacts() {
  const [descriptions, extras] = TABLES.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  return { descriptions, ...extras };
}

/** The name under which the Worker imports the module; bundlers are told where it lies. */
export const MODULE = '#packed-descriptions';

/** Writes the module unless it is there and up to date; returns its file name, which is always the same. */
export function descriptionsModule() {
  const hash = createHash('sha256');
  for (const file of [...TABLES, fileURLToPath(import.meta.url)]) hash.update(readFileSync(file));
  const mark = `// ${hash.digest('hex')}\n`;
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
