import { isTrue } from '../../apiserver/request-info.ts';

const PATH = '/clusters/';
/** From the object to the Worker, beside an opened watch: after how many seconds the Worker ends the client's stream. */
export const TIMEOUT_HEADER = 'x-atoll-timeout-seconds';
/** From a front that reads WebSockets, with the secret that only it and the Worker know: it wants the object's own, and sees to the timeout. */
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

/** Path and query behind the id that clusterIdOf found. */
export const restOf = (url: string, id: string): string => url.slice(url.indexOf('/', 8) + PATH.length + id.length);

/** The address of what a request to a cluster's own host is about. */
export function withPath(url: string, id: string): string {
  const start = url.indexOf('/', 8);
  return start < 0 ? `${url}${PATH}${id}` : `${url.slice(0, start)}${PATH}${id}${url.slice(start)}`;
}

/** Path and query as the cluster of this id sees them; undefined: the address is not one of its own, however it came here. */
export const insideOf = (url: string, id: string): string | undefined => (clusterIdOf(url) === id ? restOf(url, id) : undefined);

/** A letter of "watch" may be written with its code. */
const WATCH = /watch|%(?:77|61|74|63|68)/i;

/** Whether the request opens a watch, by its address alone (`?watch`, read as the API server does, or the old `/watch/` paths). */
export function isWatch(method: string, url: string): boolean {
  if (method !== 'GET' || !WATCH.test(url)) return false;
  const query = url.indexOf('?');
  if (query >= 0 && isTrue(new URLSearchParams(url.slice(query + 1)).get('watch'))) return true;
  return decoded(query < 0 ? url : url.slice(0, query)).includes('/watch/');
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
