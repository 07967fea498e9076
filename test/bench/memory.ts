import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quantile } from './client.ts';

interface Process {
  pid: number;
  parent: number;
  name: string;
  kilobytes: number;
}

function read(pid: number): Process | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
    return { pid, parent: Number(field('PPid')), name: field('Name'), kilobytes: Number(field('VmRSS')) };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/** A process and everything that it started. */
export function processesOf(root: number): Process[] {
  const all = new Map<number, Process>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const process = read(Number(entry));
    if (process) all.set(process.pid, process);
  }
  const ours = (pid: number): boolean => pid === root || (all.has(pid) && ours(all.get(pid)?.parent ?? 0));
  return [...all.values()].filter(({ pid }) => ours(pid));
}

/** Resident megabytes of a server: its Node side, and workerd. */
export function memoryOf(root: number): { node: number; workerd: number } {
  let [node, workerd] = [0, 0];
  for (const { name, kilobytes } of processesOf(root)) {
    if (name.startsWith('workerd')) workerd += kilobytes / 1024;
    else node += kilobytes / 1024;
  }
  return { node, workerd };
}

/** Kilobytes on disk of one cluster's database, by the median. */
export function diskOf(data: string): number {
  const folder = join(data, 'clusters', 'atoll-ClusterDO');
  const size = (file: string) => statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0;
  const sizes = readdirSync(folder)
    .filter((name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite')
    .map((name) => size(name) + size(`${name}-wal`));
  return quantile(sizes, 0.5) / 1024;
}
