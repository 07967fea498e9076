import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import type { Command } from 'commander';
import { binary } from '../binaries.ts';
import { makeSecret, PREFIXES } from '../../lib/secrets.ts';
import { Failure } from '../../local/failure.ts';
import { print } from '../output.ts';
import { dataFolder, files, port } from '../../local/settings.ts';

const PATIENCE_MS = 4000;

/** Asks the server of the data folder whether it is ready, as a container's health check does. */
async function health(o: { json?: boolean }): Promise<void> {
  const url = `https://localhost:${port()}/readyz`;
  let ca: string;
  try {
    ca = readFileSync(files(dataFolder()).ca, 'utf8');
  } catch {
    throw new Failure(`no server has been started with the data folder ${dataFolder()}`);
  }
  const status = await new Promise<number>((resolve, reject) => {
    const asked = get(url, { ca, timeout: PATIENCE_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    asked.on('error', (error) => reject(new Failure(`${url}: ${error.message}`)));
  });
  if (status !== 200) throw new Failure(`${url} answered ${status}: the server is not ready`);
  print(o.json, { ready: true }, () => 'ready');
}

/** Prepares what a first start needs beside the data: for images, where only the data is writable later. */
async function prepare(o: { json?: boolean }): Promise<void> {
  const { bundle } = await import('../../server/bundle.ts');
  const made = [await bundle(), await binary('kubectl'), await binary('helm')];
  print(o.json, { files: made }, () => made.join('\n'));
}

/** A token for the operator of a deployment, and its hash for the deployment's configuration. */
async function operatorToken(o: { json?: boolean }): Promise<void> {
  const token = makeSecret(PREFIXES.operator, { token: (bytes) => randomBytes(bytes).toString('base64url') });
  const sha256 = createHash('sha256').update(token).digest('hex');
  print(o.json, { token, sha256 }, () => `token, shown this once: ${token}\nATOLL_OPERATOR_SHA256:  ${sha256}`);
}

/** `atoll health`, `atoll prepare` and `atoll operator-token`: for operators of a server or a deployment. */
export function serverCommands(program: Command): void {
  program.command('health').description('whether the local server is ready').option('--json', 'print JSON').action(health);
  program
    .command('prepare')
    .description('bundle the server and unpack its tools now, not at the first start')
    .option('--json', 'print JSON')
    .action(prepare);
  program
    .command('operator-token')
    .description('make a token for the operator of a deployment on Cloudflare')
    .option('--json', 'print JSON')
    .action(operatorToken);
}
