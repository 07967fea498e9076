import { SLOW_MS } from '../limits.ts';
import { requestInfo } from '../../apiserver/request-info.ts';
import { now } from '../platform/host.worker.ts';

/** Requests of management that are logged: all, or those with status 500 and above. */
export type LogLevel = 'all' | 'errors';

const FAILED = 500;

/** Writes one line of JSON. The caller ensures that it holds no secret and no text that a tenant wrote (MG98). */
export function log(level: 'info' | 'warn' | 'error', entry: Record<string, unknown>): void {
  console.log(JSON.stringify({ time: new Date(now()).toISOString(), level, ...entry }));
}

/** Class and stack of an error without its message, which may quote text that a tenant wrote. */
export function describeError(error: unknown): { error: string; at?: string[] } {
  if (!(error instanceof Error)) return { error: typeof error };
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { error: error.name, ...(at.length && { at: at.slice(0, 8).map((line) => line.trim()) }) };
}

/** Log entry of a request to a cluster: resource and verb, without names of objects. */
export function kubernetesEntry(cluster: string, method: string, path: string): Record<string, unknown> {
  const [plain] = path.split('?', 1);
  const { isResource, verb, group, version, resource, subresource } = requestInfo(method, plain, new URLSearchParams());
  const what = isResource ? { verb, group, version, resource, subresource } : { verb };
  return { type: 'kubernetes', cluster, ...what };
}

/** Whether a response of a cluster is logged: it failed or was slow. */
export const isLogged = (status: number, ms: number): boolean => status >= FAILED || ms >= SLOW_MS;
