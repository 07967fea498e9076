import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { codeOf } from '../local/failure.ts';
import { writePrivate } from '../local/kubeconfigs.ts';

/** Reason why a port cannot be opened, to follow "port N". */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') return 'is in use';
  if (code === 'EACCES') return 'needs rights that the server does not have: most systems keep ports below 1024 for themselves';
  return `cannot be listened on (${code})`;
}

/** A port that could not be reopened, and the reason. */
export interface UnopenedPort {
  cluster: string;
  port: number;
  why: string;
}

/** Ports of clusters of their own, persisted in a file for the next start. */
export class Listeners {
  readonly #file: string;
  readonly #open: (port: number, cluster: string) => Promise<Server>;
  readonly #servers = new Map<string, { port: number; server: Server }>();
  /** Persisted ports, open or not. */
  readonly #ports: Map<string, number>;

  /** `open` listens on a port and serves one cluster there. */
  constructor(file: string, open: (port: number, cluster: string) => Promise<Server>) {
    this.#file = file;
    this.#open = open;
    this.#ports = new Map(
      existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : [],
    );
  }

  /** Persisted ports by cluster, open or not. */
  get ports(): ReadonlyMap<string, number> {
    return this.#ports;
  }

  /** Reopens persisted ports. */
  async restore(): Promise<UnopenedPort[]> {
    const unopened: UnopenedPort[] = [];
    for (const [cluster, port] of this.#ports) {
      const why = await this.#serve(cluster, port);
      if (why !== undefined) unopened.push({ cluster, port, why });
    }
    return unopened;
  }

  /** Opens a port for a cluster in place of its former one; returns the reason of a failure. */
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

  /** Closes a cluster's port. Open connections end when they are answered, or with their cluster. */
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
