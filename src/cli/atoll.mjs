#!/usr/bin/env node
// Runs the TypeScript of the CLI. Node reads it by itself from 22.18 on; an older Node hands over to the one in node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2));
} else {
  const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(node)) {
    console.error(`atoll: Node ${process.versions.node} is too old and node_modules is not installed: run "npm install"`);
    process.exit(1);
  }
  const script = fileURLToPath(import.meta.url);
  const { status, signal, error } = spawnSync(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (error) console.error(`atoll: ${error.message}`);
  process.exit(status ?? (signal ? 128 + constants.signals[signal] : 1));
}
