import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from './failure.ts';

/** Where this project lies. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What can be thrown away at any time: bundles, unpacked binaries. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'atoll');

const DEFAULT_PORT = 8443;

/** The data folder: ATOLL_DATA, or `.atoll` beside package.json. */
export const dataFolder = (): string => (process.env.ATOLL_DATA ? resolve(process.env.ATOLL_DATA) : join(ROOT, '.atoll'));

/** PORT, or 8443. */
export function port(): number {
  const text = process.env.PORT;
  if (!text) return DEFAULT_PORT;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new Failure(`PORT is "${text}", which is not a port number`);
  return value;
}

/** The files of a data folder that other programs may read. */
export const files = (folder: string) => ({
  ca: join(folder, 'ca.crt'),
  credentials: join(folder, 'credentials.json'),
  operator: join(folder, 'operator.token'),
  kubeconfig: join(folder, 'kubeconfig'),
});

/** A server, and as whom it is spoken to. */
export interface Server {
  url: string;
  /** Absent: as nobody. */
  token?: string;
  /** PEM of its CA; absent: one that this machine knows. */
  ca?: string;
}

/** Whom the CLI talks to, as whom, and about which account. */
export interface Target extends Server {
  token: string;
  /** The account that commands are about: an id, or `self` for that of an API token. */
  account: string;
}

/** Reads the local server's credentials; ATOLL_TOKEN says as whom else, PORT where else. */
export function target(): Target {
  const names = files(dataFolder());
  let local: { url: string; token: string };
  let ca: string;
  try {
    local = JSON.parse(readFileSync(names.credentials, 'utf8'));
    ca = readFileSync(names.ca, 'utf8');
  } catch {
    throw new Failure(
      `no server has been started with the data folder ${dataFolder()}: run "npm start" first (ATOLL_DATA names another)`,
    );
  }
  const url = process.env.PORT ? `https://localhost:${port()}` : local.url;
  return { url, token: process.env.ATOLL_TOKEN || local.token, ca, account: 'self' };
}

/** The operator's token: whoever can read the data folder is the operator. */
export function operatorToken(): string {
  try {
    return readFileSync(files(dataFolder()).operator, 'utf8').trim();
  } catch {
    throw new Failure('only the local operator makes accounts, and the data folder holds no operator.token that you may read');
  }
}
