import { expect, it } from 'vitest';
import { ID_LENGTH } from '../../../src/management/clusters/id.ts';
import { clusterIdOf, isWatch } from '../../../src/worker/address.worker.ts';

it('a cluster is found in its address', () => {
  const id = 'a'.repeat(ID_LENGTH);
  for (const rest of ['', '/', '/api/v1', '?x=1']) expect(clusterIdOf(`https://h:1/clusters/${id}${rest}`)).toBe(id);
  expect(clusterIdOf('https://h/clusters/short/api')).toBe('short');
  expect(clusterIdOf(`https://h/clusters/${id}more/api`)).toBe(`${id}more`);
  for (const path of ['', '/', '/v1/clusters', '/healthz', '/x/clusters/y'])
    expect(clusterIdOf(`https://h${path}`)).toBeUndefined();
});

it('a watch is told by its address', () => {
  for (const url of ['h/api/v1/pods?watch=1', 'h/api/v1/pods?limit=5&watch=true&x', 'h/api/v1/watch/pods'])
    expect(isWatch('GET', url), url).toBe(true);
  for (const url of [
    'h/api/v1/pods',
    'h/api/v1/pods?watch=0',
    'h/api/v1/pods?x=watch=1',
    'h/api/v1/pods?allowWatchBookmarks=true',
  ]) {
    expect(isWatch('GET', url), url).toBe(false);
  }
  expect(isWatch('POST', 'h/api/v1/pods?watch=1')).toBe(false);
});
