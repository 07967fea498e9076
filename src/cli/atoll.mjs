#!/usr/bin/env node
// Runs the CLI of a clone, bundled from its sources. What is published has that bundle in its place (dist/atoll.mjs).
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { bundle } from '../build/bundle.mjs';

if (!existsSync(new URL('../../node_modules/esbuild', import.meta.url))) {
  console.error('atoll: its packages are not installed: run "npm install"');
  process.exit(1);
}
await import(pathToFileURL(await bundle('cli')).href);
