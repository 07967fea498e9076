import { expect, it } from 'vitest';
import { ID_LENGTH } from '../../../src/management/clusters/id.ts';
import { clusterIdOf, insideOf, isWatch } from '../../../src/worker/edge/address.worker.ts';

it('a cluster is found in its address', () => {
  const id = 'a'.repeat(ID_LENGTH);
  for (const rest of ['', '/', '/api/v1', '?x=1']) expect(clusterIdOf(`https://h:1/clusters/${id}${rest}`)).toBe(id);
  expect(clusterIdOf('https://h/clusters/short/api')).toBe('short');
  expect(clusterIdOf(`https://h/clusters/${id}more/api`)).toBe(`${id}more`);
  for (const path of ['', '/', '/v1/clusters', '/healthz', '/x/clusters/y'])
    expect(clusterIdOf(`https://h${path}`)).toBeUndefined();
});

it('[MG58] an object takes addresses of its own only', () => {
  const [mine, other] = ['a'.repeat(ID_LENGTH), 'b'.repeat(ID_LENGTH)];
  expect(insideOf(`https://h:1/clusters/${mine}/api?x=/clusters/${other}/`, mine)).toBe(`/api?x=/clusters/${other}/`);
  expect(insideOf(`https://h/clusters/${mine}`, mine)).toBe('');
  for (const path of [
    `/clusters/${other}/api`,
    `/clusters/${mine}x/api`,
    `/clusters//${mine}/api`,
    `/v1/clusters/${mine}`,
    '/v1/me',
    '/',
  ]) {
    expect(insideOf(`https://h${path}`, mine), path).toBeUndefined();
  }
});

it('a watch is told by its address', () => {
  for (const query of [
    '?watch=1',
    '?limit=5&watch=true&x',
    '?watch',
    '?watch=',
    '?watch=yes',
    '?w%61tch=1',
    '?%77%61%74%63%68=1',
    '?watch=1&watch=0',
    ...'?fieldSelector=a%3Db&watch=1 ?a+b&watch=t'.split(' '),
  ]) {
    expect(isWatch('GET', `https://h/api/v1/pods${query}`), query).toBe(true);
  }
  for (const path of ['/api/v1/watch/pods', '/api/v1/%77atch/pods', '/api/v1%2fwatch/pods']) {
    expect(isWatch('GET', `https://h${path}`), path).toBe(true);
  }
  for (const query of [
    '',
    '?watch=0',
    '?watch=FALSE',
    '?x=watch=1',
    '?allowWatchBookmarks=true',
    '?watch=0&watch=1',
    '?x%26watch=1',
  ]) {
    expect(isWatch('GET', `https://h/api/v1/pods${query}`), query).toBe(false);
  }
  for (const method of ['POST', 'HEAD']) expect(isWatch(method, 'https://h/api/v1/pods?watch=1')).toBe(false);
});
