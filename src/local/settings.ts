import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PREFIXES } from '../lib/secrets.ts';
import { Failure } from './failure.ts';
import { writePrivate } from './kubeconfigs.ts';

/** The nearest folder above a file that holds such an entry. */
function folderWith(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** The folder of this package: a clone, or what was installed of it. This code may be bundled, so it looks for the next package.json. */
export const ROOT = folderWith('package.json', dirname(fileURLToPath(import.meta.url))) as string;

/** Whether this is a clone, which bundles its sources itself; what is published holds the bundles only. */
export const IS_CLONE = existsSync(join(ROOT, 'src', 'build'));

/** The command line that starts the local server, as people are told. */
export const START = IS_CLONE ? 'npm start' : 'npx atoll start';

/** What can be thrown away at any time: bundles, unpacked binaries. */
export const CACHE = join(ROOT, 'node_modules', '.cache', 'atoll');

const DEFAULT_PORT = 8443;
const LAST_PORT = 65_535;
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

/** ATOLL_URL: the address under which clients elsewhere reach this server, as kubeconfigs tell it; else it is for this machine. */
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
 * ATOLL_DEMO_PORT: the port of its own that the cluster "demo" is made with; undefined: none, or there is none behind this one of the
 * server's. Of a server with an address for elsewhere (ATOLL_URL) nobody knows which of its ports can be reached there: none, unless it is said.
 */
export function demoPort(server: number): number | undefined {
  const text = process.env.ATOLL_DEMO_PORT;
  if (text === 'none' || (!text && publicUrl() !== undefined)) return undefined;
  const port = text ? Number(text) : server + 1;
  const isPort = Number.isInteger(port) && port >= 1 && port <= LAST_PORT;
  if (text && !isPort) throw new Failure(`ATOLL_DEMO_PORT is "${text}": it is a port number, or none`);
  return isPort ? port : undefined;
}

/** ATOLL_CLUSTER_DOMAIN: under which every cluster has a host name of its own, ID.DOMAIN. */
export function clusterDomain(): string | undefined {
  const text = process.env.ATOLL_CLUSTER_DOMAIN;
  if (!text) return undefined;
  if (!DOMAIN.test(text)) throw new Failure(`ATOLL_CLUSTER_DOMAIN is "${text}": it is a domain such as clusters.example.com`);
  return text;
}

/** The files of a data folder that other programs may read. */
export const files = (folder: string) => ({
  ca: join(folder, 'ca.crt'),
  credentials: join(folder, 'credentials.json'),
  operator: join(folder, 'operator.token'),
  session: join(folder, 'session.json'),
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

/** What `atoll login` leaves in the data folder, readable by its owner alone. */
export interface Session {
  /** Absent: the local server. */
  url?: string;
  ca?: string;
  /** The session itself. */
  token: string;
  /** Whether commands act as this person; else as the local account. */
  chosen: boolean;
  /** The account of theirs that commands are about. */
  account?: { id: string; name: string };
}

/** The session of this data folder, if somebody signed in. */
export function readSession(): Session | undefined {
  const file = files(dataFolder()).session;
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Session;
  } catch {
    throw new Failure(`${file} cannot be read: delete it and sign in again`);
  }
}

/** Keeps a session, or forgets it. */
export function keepSession(session: Session | undefined): void {
  const file = files(dataFolder()).session;
  if (session) writePrivate(file, `${JSON.stringify(session, null, 2)}\n`);
  else rmSync(file, { force: true });
}

/** The local server, as far as the data folder knows it; undefined: none was ever started with it. PORT says where else it listens. */
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

/** Where the server is: that of the session when it is chosen, else the local one. */
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

/** As whom the CLI acts: ATOLL_TOKEN, else the person who signed in, else the local account. */
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

/** The same, and about which account: ATOLL_ACCOUNT, else the one that the person chose, else that of the token. */
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

/** The operator, where the data folder holds their token: whoever can read it is the operator. */
export function operator(): Server & { token: string } {
  const { url, ca } = local() ?? noServer();
  try {
    const token = readFileSync(files(dataFolder()).operator, 'utf8').trim();
    return { url, token, ...(ca !== undefined && { ca }) };
  } catch {
    throw new Failure('that is for the local operator, and the data folder holds no operator.token that you may read');
  }
}

/** Whether the CLI acts as the account that the data folder came with. */
export const isLocal = (): boolean => !process.env.ATOLL_TOKEN && !readSession()?.chosen;

/** Keeps another token of the local account in the place of the one that it had; undefined: the account is gone. */
export function keepLocalToken(token: string | undefined): void {
  const { url } = local() ?? noServer();
  writePrivate(files(dataFolder()).credentials, `${JSON.stringify({ url, token }, null, 2)}\n`);
}
