import { ID_LENGTH } from '../management/clusters/id.ts';

const PATH = '/clusters/';
/** Characters of a path before the part that the cluster itself sees: "/clusters/<id>". */
export const CLUSTER_PREFIX = PATH.length + ID_LENGTH;
/** From the object to the Worker, beside an opened watch: after how many seconds the Worker ends the client's stream. */
export const TIMEOUT_HEADER = 'x-atoll-timeout-seconds';
/** From a front that reads WebSockets: it wants the object's own, and then sees to the timeout. */
export const SOCKET_HEADER = 'x-atoll-watch';

/** The cluster id in an absolute URL, or undefined when the path is not a cluster's. Works on the text: this runs on every request. */
export function clusterIdOf(url: string): string | undefined {
  const start = url.indexOf('/', 8);
  if (!url.startsWith(PATH, start)) return undefined;
  const from = start + PATH.length;
  let end = from;
  while (end < url.length && url[end] !== '/' && url[end] !== '?') end++;
  return url.slice(from, end);
}

/** Whether the request opens a watch, by its address alone (`?watch=1` or the old `/watch/` paths). */
export function isWatch(method: string, url: string): boolean {
  if (method !== 'GET') return false;
  const query = url.indexOf('?');
  if (query < 0) return url.includes('/watch/');
  return /[?&]watch=(1|t|T|true|TRUE|True)(&|$)/.test(url.slice(query)) || url.slice(0, query).includes('/watch/');
}

/** The answer for a cluster that is not there, whether it never was, is no more, or has an id that this deployment did not make. */
export function noCluster(): Response {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the cluster does not exist',
    reason: 'NotFound',
    code: 404,
  };
  return Response.json(status, { status: 404 });
}
