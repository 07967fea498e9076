#!/usr/bin/env node
// Runs the CLI: in a clone bundled from its sources; what is published holds this file as dist/atoll.mjs, beside the bundle.
import module from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const builder = new URL('../build/bundle.mjs', import.meta.url);
let cli = new URL('./cli.mjs', import.meta.url);
if (existsSync(builder)) {
  if (!existsSync(new URL('../../node_modules/esbuild', import.meta.url))) {
    console.error('atoll: its packages are not installed: run "npm install"');
    process.exit(1);
  }
  const { bundle } = await import(builder.href);
  cli = pathToFileURL(await bundle('cli'));
}
// From Node 22.1 on.
module.enableCompileCache?.(fileURLToPath(new URL('./compiled', cli)));
await import(cli.href);
