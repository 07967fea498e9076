import { requestInfo } from '../../apiserver/request-info.ts';
import { now } from '../platform/host.worker.ts';

/** A Kubernetes request that took longer is worth a line, ms. */
export const SLOW_MS = 1000;

/** "errors": requests that succeeded are not logged. */
export type LogLevel = 'all' | 'errors';

const FAILED = 500;

/** One line of JSON. Whoever calls this sees to it that it holds no secret, and nothing that a tenant wrote. */
export function log(level: 'info' | 'warn' | 'error', entry: Record<string, unknown>): void {
  console.log(JSON.stringify({ time: new Date(now()).toISOString(), level, ...entry }));
}

/** What an error is, without its words: they may quote what a tenant wrote. */
export function nameOf(error: unknown): { error: string; at?: string[] } {
  if (!(error instanceof Error)) return { error: typeof error };
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, ...(at.length && { at: at.slice(0, 8).map((line) => line.trim()) }) };
}

/** A request to a cluster: its sort, never a name in it. */
export function kubernetesEntry(cluster: string, method: string, path: string): Record<string, unknown> {
  const [plain] = path.split('?', 1);
  const { isResource, verb, group, version, resource, subresource } = requestInfo(method, plain, new URLSearchParams());
  const what = isResource ? { verb, group, version, resource, subresource } : { verb };
  return { type: 'kubernetes', cluster, ...what };
}

/** Whether an answer of a cluster is worth a line. */
export const isWorthALine = (status: number, ms: number): boolean => status >= FAILED || ms >= SLOW_MS;
