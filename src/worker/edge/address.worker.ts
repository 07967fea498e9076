import { isTrue } from '../../apiserver/request-info.ts';

const PATH = '/clusters/';
/** Header from the object to the Worker: timeout of an opened watch, seconds, after which the Worker ends the client's stream. */
export const TIMEOUT_HEADER = 'x-atoll-timeout-seconds';
/** Header from the TLS proxy of the local server, with its secret: it wants the object's WebSocket and ends the watch at its timeout itself. */
export const SOCKET_HEADER = 'x-atoll-watch';

/** Cluster id in an absolute URL; undefined: the path is not a cluster's. Parses the text, without URL, since it runs on every request. */
export function clusterIdOf(url: string): string | undefined {
  const start = url.indexOf('/', 8);
  if (!url.startsWith(PATH, start)) return undefined;
  const from = start + PATH.length;
  let end = from;
  while (end < url.length && url[end] !== '/' && url[end] !== '?') end++;
  return url.slice(from, end);
}

/** Path and query after the cluster id that clusterIdOf returned. */
export const restOf = (url: string, id: string): string => url.slice(url.indexOf('/', 8) + PATH.length + id.length);

/** URL with the cluster's path, from the URL of a request to the cluster's own host name. */
export function withPath(url: string, id: string): string {
  const start = url.indexOf('/', 8);
  return start < 0 ? `${url}${PATH}${id}` : `${url.slice(0, start)}${PATH}${id}${url.slice(start)}`;
}

/** Path and query inside the cluster of this id; undefined: the URL is not one of its own. */
export const insideOf = (url: string, id: string): string | undefined => (clusterIdOf(url) === id ? restOf(url, id) : undefined);

/** "watch", of which any letter may be percent-encoded. */
const WATCH = /watch|%(?:77|61|74|63|68)/i;

/** Whether the request opens a watch, by its URL alone: `?watch`, parsed as the API server does, or the deprecated `/watch/` paths. */
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
