import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { codeOf } from '../local/failure.ts';
import { writePrivate } from '../local/kubeconfigs.ts';

/** Why a port cannot be listened on, behind "port N". */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') return 'is in use';
  if (code === 'EACCES') return 'needs rights that the server does not have: most systems keep ports below 1024 for themselves';
  return `cannot be listened on (${code})`;
}

/** One that was not opened again, and why. */
export interface Unopened {
  cluster: string;
  port: number;
  why: string;
}

/** The ports that clusters have of their own. A file remembers them for the next start. */
export class Listeners {
  readonly #file: string;
  readonly #open: (port: number, cluster: string) => Promise<Server>;
  readonly #servers = new Map<string, { port: number; server: Server }>();
  /** Those that are remembered, open or not. */
  readonly #ports: Map<string, number>;

  /** `open` listens on a port and serves one cluster there. */
  constructor(file: string, open: (port: number, cluster: string) => Promise<Server>) {
    this.#file = file;
    this.#open = open;
    this.#ports = new Map(
      existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : [],
    );
  }

  /** Opens what was open before. */
  async restore(): Promise<Unopened[]> {
    const unopened: Unopened[] = [];
    for (const [cluster, port] of this.#ports) {
      const why = await this.#serve(cluster, port);
      if (why !== undefined) unopened.push({ cluster, port, why });
    }
    return unopened;
  }

  /** Gives a cluster this port in place of the one that it had; returns why it cannot be. */
  async listen(cluster: string, port: number): Promise<string | undefined> {
    const why = await this.#serve(cluster, port);
    if (why === undefined) this.#remember(cluster, port);
    return why;
  }

  async #serve(cluster: string, port: number): Promise<string | undefined> {
    const former = this.#servers.get(cluster);
    if (former?.port === port) return undefined;
    try {
      const server = await this.#open(port, cluster);
      former?.server.close();
      this.#servers.set(cluster, { port, server });
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** Takes a cluster's port away. Connections that are there end when they are answered, or with their cluster. */
  close(cluster: string): void {
    this.#servers.get(cluster)?.server.close();
    this.#servers.delete(cluster);
    if (this.#ports.has(cluster)) this.#remember(cluster, undefined);
  }

  #remember(cluster: string, port: number | undefined): void {
    if (port === undefined) this.#ports.delete(cluster);
    else this.#ports.set(cluster, port);
    writePrivate(this.#file, `${JSON.stringify(Object.fromEntries(this.#ports), null, 2)}\n`);
  }
}
