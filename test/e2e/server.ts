import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { binary } from '../../src/cli/binaries.ts';

export const CLI = fileURLToPath(new URL('../../src/cli/atoll.mjs', import.meta.url));
/** The Node of the system, often older than the one of these tests: what users run must start on it. */
export const SYSTEM_NODE = ['/usr/bin/node', '/usr/local/bin/node'].find((file) => existsSync(file)) ?? process.execPath;
const START_MS = 60_000;
const COMMAND_MS = 90_000;

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0);
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Runs a program to its end. */
export function run(
  file: string,
  args: string[],
  o: { env?: Record<string, string>; input?: string; timeoutMs?: number } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...o.env }, timeout: o.timeoutMs ?? COMMAND_MS });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? -1, out, err: signal ? `${err}\n(${signal})` : err }));
    child.stdin.on('error', () => undefined).end(o.input ?? '');
  });
}

/** A real server in a data folder of its own, driven as a person drives it: npm's start, the CLI and a real kubectl. */
export class Server {
  readonly port: number;
  readonly data: string;
  #process: ChildProcess | undefined;
  #kubectl = '';
  #more: Record<string, string> = {};
  output = '';

  private constructor(port: number, data: string) {
    this.port = port;
    this.data = data;
  }

  /** `more` is what else stands in the environment of the server, once its port is known. */
  static start(more?: (port: number) => Promise<Record<string, string>>): Promise<Server> {
    return Server.over(mkdtempSync(join(tmpdir(), 'atoll-e2e-')), more);
  }

  /** Over a data folder that is there, or is to be. */
  static async over(data: string, more?: (port: number) => Promise<Record<string, string>>): Promise<Server> {
    const server = new Server(await freePort(), data);
    server.#more = (await more?.(server.port)) ?? {};
    server.#kubectl = await binary('kubectl');
    await server.up();
    return server;
  }

  get env(): Record<string, string> {
    return { ATOLL_DATA: this.data, PORT: String(this.port), KUBECONFIG: join(this.data, 'kubeconfig'), ATOLL_TOKEN: '' };
  }

  /** Where the bundled kubectl is. */
  get kubectlPath(): string {
    return this.#kubectl;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts the process; resolves when it says that it serves. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, [CLI, 'start'], {
      // Servers of other tests run beside this one: the port behind its own may be theirs.
      env: { ...process.env, ATOLL_DEMO_PORT: 'none', ...this.env, ...this.#more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.output = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no "ready" within ${START_MS} ms: ${this.output}`)), START_MS);
      const read = (text: string) => {
        this.output += text;
        if (!/^ready /m.test(this.output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${this.output}`)));
    });
  }

  /** Ends it with a signal and returns its exit code (null after SIGKILL). */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = await ended;
    return code;
  }

  /** The exit code, once it ends. */
  async ended(): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const [code] = await once(child, 'exit');
    return code;
  }

  async dispose(): Promise<void> {
    await this.down();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** The CLI. */
  atoll(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
    return run(process.execPath, [CLI, ...args], { env: { ...this.env, ...env } });
  }

  /** The CLI, while it runs: what it has told people so far, and how it ended. */
  begin(args: string[], env: Record<string, string> = {}): { told: () => string; ended: Promise<Outcome> } {
    const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...this.env, ...env }, timeout: COMMAND_MS });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    const ended = once(child, 'close').then(([code]) => ({ code: (code as number | null) ?? -1, out, err }));
    return { told: () => err, ended };
  }

  /** kubectl on the cluster `demo`; a line of words, or the words. */
  kubectl(words: string | string[], o: { input?: string; env?: Record<string, string> } = {}): Promise<Outcome> {
    return run(this.#kubectl, typeof words === 'string' ? words.split(' ') : words, { ...o, env: { ...this.env, ...o.env } });
  }

  /** The same, which must succeed; returns what it printed. */
  async ok(words: string | string[], o: { input?: string; env?: Record<string, string> } = {}): Promise<string> {
    const { code, out, err } = await this.kubectl(words, o);
    expect(code, `kubectl ${words}\n${out}\n${err}`).toBe(0);
    return out;
  }

  /** A kubectl that goes on until it is stopped, or its stream ends; `lines` grows. */
  follow(words: string): { lines: () => string[]; ended: () => boolean; stop: () => Promise<void> } {
    const child = spawn(this.#kubectl, words.split(' '), { env: { ...process.env, ...this.env } });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    return {
      lines: () => out.split('\n').filter(Boolean),
      ended: () => child.exitCode !== null,
      stop: async () => {
        const ended = once(child, 'exit');
        child.kill('SIGINT');
        await ended;
      },
    };
  }

  get kubeconfig(): string {
    return readFileSync(join(this.data, 'kubeconfig'), 'utf8');
  }

  get ca(): string {
    return readFileSync(join(this.data, 'ca.crt'), 'utf8');
  }

  get credentials(): { url: string; token: string } {
    return JSON.parse(readFileSync(join(this.data, 'credentials.json'), 'utf8'));
  }

  /** The operator's token. */
  get operator(): string {
    return readFileSync(join(this.data, 'operator.token'), 'utf8').trim();
  }
}

/** Waits until a condition holds, looking often. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 30_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
