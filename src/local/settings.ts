import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PREFIXES } from '../lib/secrets.ts';
import { Failure } from './failure.ts';
import { writePrivate } from './kubeconfigs.ts';

/** The nearest folder above a file with such an entry. */
function folderWith(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** The folder of this package, cloned or installed. This code may be bundled, so it looks for the next package.json. */
export const ROOT = folderWith('package.json', dirname(fileURLToPath(import.meta.url))) as string;

/** Whether this is a clone, which bundles its sources itself; a published package holds the bundles only. */
export const IS_CLONE = existsSync(join(ROOT, 'src', 'build'));

/** The command line that starts the local server, for messages. */
export const START = IS_CLONE ? 'npm start' : 'npx atoll start';

/** Cache folder, disposable at any time: bundles, unpacked binaries. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'atoll');

const DEFAULT_PORT = 8443;
export const LAST_PORT = 65_535;
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;

/** The data folder: ATOLL_DATA; else `.atoll`, of a clone beside its package.json, of an installed package here or in the next folder above that has one. */
export function dataFolder(): string {
  if (process.env.ATOLL_DATA) return resolve(process.env.ATOLL_DATA);
  return join(IS_CLONE ? ROOT : (folderWith('.atoll', process.cwd()) ?? process.cwd()), '.atoll');
}

/** PORT, or 8443. */
export function port(): number {
  const text = process.env.PORT;
  if (!text) return DEFAULT_PORT;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > LAST_PORT)
    throw new Failure(`PORT is "${text}", which is not a port number`);
  return value;
}

/** ATOLL_URL: the server's URL for other machines, as kubeconfigs have it; absent: for this machine. */
export function publicUrl(): string | undefined {
  const text = process.env.ATOLL_URL;
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new Failure(`ATOLL_URL is "${text}": it is an address such as https://atoll.example.com:8443`);
  }
  return url.origin;
}

/**
 * ATOLL_DEMO_PORT: the cluster "demo"'s own port; undefined: none, or no port follows the server's. A server with ATOLL_URL has none unless
 * it is set: nobody knows which of its ports can be reached from elsewhere. Nor has one with ATOLL_CLUSTER_DOMAIN: its clusters have host names.
 */
export function demoPort(server: number): number | undefined {
  const text = process.env.ATOLL_DEMO_PORT;
  if (text === 'none' || (!text && (publicUrl() ?? clusterDomain()) !== undefined)) return undefined;
  const port = text ? Number(text) : server + 1;
  const isPort = Number.isInteger(port) && port >= 1 && port <= LAST_PORT;
  if (text && !isPort) throw new Failure(`ATOLL_DEMO_PORT is "${text}": it is a port number, or none`);
  return isPort ? port : undefined;
}

/** ATOLL_CLUSTER_DOMAIN: the domain of the clusters' host names, ID.DOMAIN. */
export function clusterDomain(): string | undefined {
  const text = process.env.ATOLL_CLUSTER_DOMAIN;
  if (!text) return undefined;
  if (!DOMAIN.test(text)) throw new Failure(`ATOLL_CLUSTER_DOMAIN is "${text}": it is a domain such as clusters.example.com`);
  return text;
}

/** Files of a data folder for other programs. */
export const files = (folder: string) => ({
  ca: join(folder, 'ca.crt'),
  credentials: join(folder, 'credentials.json'),
  operator: join(folder, 'operator.token'),
  session: join(folder, 'session.json'),
  kubeconfig: join(folder, 'kubeconfig'),
});

/** A server, and the token to use. */
export interface Server {
  url: string;
  /** Absent: unauthenticated. */
  token?: string;
  /** PEM of its CA; absent: a CA that this machine trusts. */
  ca?: string;
}

/** Server, token and account of the CLI's requests. */
export interface Target extends Server {
  token: string;
  /** The chosen account: an id, or `self` for that of an API token. */
  account: string;
}

/** Session of `atoll login` in the data folder, readable by its owner alone. */
export interface Session {
  /** Absent: the local server. */
  url?: string;
  ca?: string;
  /** Token of the session. */
  token: string;
  /** Whether commands act as this person; else as the local account. */
  chosen: boolean;
  /** The chosen account. */
  account?: { id: string; name: string };
}

/** The session of this data folder, if any. */
export function readSession(): Session | undefined {
  const file = files(dataFolder()).session;
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Session;
  } catch {
    throw new Failure(`${file} cannot be read: delete it and sign in again`);
  }
}

/** Stores a session, or deletes it. */
export function keepSession(session: Session | undefined): void {
  const file = files(dataFolder()).session;
  if (session) writePrivate(file, `${JSON.stringify(session, null, 2)}\n`);
  else rmSync(file, { force: true });
}

/** The local server of the data folder; undefined: none was ever started with it. PORT overrides its port. */
function local(): (Server & { ca: string }) | undefined {
  const names = files(dataFolder());
  try {
    const { url, token } = JSON.parse(readFileSync(names.credentials, 'utf8')) as { url: string; token?: string };
    const ca = readFileSync(names.ca, 'utf8');
    return { url: process.env.PORT ? `https://localhost:${port()}` : url, ca, ...(token !== undefined && { token }) };
  } catch {
    return undefined;
  }
}

/** The current server: that of the session when it is chosen, else the local one. */
export function currentServer(): Server {
  const session = readSession();
  const elsewhere = session?.url === undefined ? undefined : { url: session.url, ca: session.ca };
  const { url, ca } = (session?.chosen ? (elsewhere ?? local()) : (local() ?? elsewhere)) ?? noServer();
  return { url, ...(ca !== undefined && { ca }) };
}

const noServer = (): never => {
  throw new Failure(
    `no server has been started with the data folder ${dataFolder()}: run "${START}" first (ATOLL_DATA names another), ` +
      'or "atoll login --url URL"',
  );
};

/** Server and token of the acting principal: ATOLL_TOKEN, else the person who signed in, else the local account. */
export function identity(): Server & { token: string } {
  const { ATOLL_TOKEN } = process.env;
  if (ATOLL_TOKEN) return { ...currentServer(), token: ATOLL_TOKEN };
  const session = readSession();
  if (session?.chosen) return { ...currentServer(), token: session.token };
  const { token } = local() ?? noServer();
  if (token === undefined) {
    throw new Failure(`the local account was deleted: the next "${START}" makes a new one, or act as another with ATOLL_TOKEN`);
  }
  return { ...currentServer(), token };
}

/** The same with the account: ATOLL_ACCOUNT, else the person's chosen one, else the token's. */
export function target(): Target {
  const { ATOLL_TOKEN, ATOLL_ACCOUNT } = process.env;
  const who = identity();
  if (ATOLL_ACCOUNT) return { ...who, account: ATOLL_ACCOUNT };
  const session = readSession();
  const isPerson = ATOLL_TOKEN ? ATOLL_TOKEN.startsWith(PREFIXES.session) : session?.chosen;
  if (!isPerson) return { ...who, account: 'self' };
  if (session?.account) return { ...who, account: session.account.id };
  throw new Failure(
    'choose an account first: "atoll account list", "atoll account use NAME"; or make one: "atoll account create NAME"',
  );
}

/** Server and token of the operator, where the data folder holds one: its readers are operators. */
export function operator(): Server & { token: string } {
  const { url, ca } = local() ?? noServer();
  try {
    const token = readFileSync(files(dataFolder()).operator, 'utf8').trim();
    return { url, token, ...(ca !== undefined && { ca }) };
  } catch {
    throw new Failure('that is for the local operator, and the data folder holds no operator.token that you may read');
  }
}

/** Whether the CLI acts as the local account. */
export const isLocal = (): boolean => !process.env.ATOLL_TOKEN && !readSession()?.chosen;

/** Replaces the stored token of the local account; undefined: the account was deleted. */
export function keepLocalToken(token: string | undefined): void {
  const { url } = local() ?? noServer();
  writePrivate(files(dataFolder()).credentials, `${JSON.stringify({ url, token }, null, 2)}\n`);
}
