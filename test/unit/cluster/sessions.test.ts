import { beforeEach, expect, it } from 'vitest';
import type { Message } from '../../../src/lib/stream.ts';
import { type TestCluster, makeCluster } from '../../host/make-cluster.ts';

const ITEMS = '/api/v1/namespaces/default/configmaps';
const WATCHERS = 5;

let host: TestCluster;
let heard: string[][];
beforeEach(() => {
  host = makeCluster({ apiOnly: true });
  heard = [];
  for (let n = 0; n < WATCHERS; n++) open();
});

/** A watch from now on; what it hears, by the names of the objects. Returns what ends it. */
function open(): () => void {
  const mine: string[] = [];
  heard.push(mine);
  const revision = host.request('GET', ITEMS).body.metadata as { resourceVersion: string };
  const send = (text: Message) => {
    for (const line of String(text).trimEnd().split('\n')) mine.push(JSON.parse(line).object.metadata.name);
  };
  const port = { send, save: () => undefined, close: () => undefined };
  return host.watchTo(`${ITEMS}?watch=1&resourceVersion=${revision.resourceVersion}`, port);
}

const create = (name: string) => host.request('POST', ITEMS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const flush = (most?: number) => host.cluster.flush(host.now, most);

it('without a bound, everybody hears at once', () => {
  create('a');
  expect(flush()).toBe(true);
  expect(heard).toEqual(Array(WATCHERS).fill(['a']));
});

it('goes on where it stopped, and says when nobody is left', () => {
  create('a');
  expect(flush(2)).toBe(false);
  expect(heard.map((names) => names.length)).toEqual([1, 1, 0, 0, 0]);
  expect(flush(2)).toBe(false);
  expect(heard.map((names) => names.length)).toEqual([1, 1, 1, 1, 0]);
  expect(flush(2)).toBe(true);
  expect(heard).toEqual(Array(WATCHERS).fill(['a']));
  expect(flush(2)).toBe(true);
  expect(heard).toEqual(Array(WATCHERS).fill(['a']));
});

it('what is committed between two slices reaches those that were served already, and nobody twice', () => {
  create('a');
  expect(flush(3)).toBe(false);
  create('b');
  // The last two hear of both in one message, and come first.
  expect(flush(2)).toBe(false);
  expect(heard.map((names) => names.length)).toEqual([1, 1, 1, 2, 2]);
  expect(flush(3)).toBe(false);
  expect(flush(1)).toBe(true);
  expect(heard).toEqual(Array(WATCHERS).fill(['a', 'b']));
});

it('writes that never cease do not keep the last from its turn', () => {
  for (let n = 0; n < 3 * WATCHERS; n++) {
    create(`n${n}`);
    flush(1);
  }
  for (const names of heard) expect(names.length).toBeGreaterThan(2 * WATCHERS);
});

it('who comes or goes between two slices changes nothing for the others', () => {
  const close = open();
  const mine = heard.pop();
  create('a');
  expect(flush(1)).toBe(false);
  close();
  open();
  expect(flush()).toBe(true);
  expect(mine).toEqual([]);
  expect(heard).toEqual([...Array(WATCHERS).fill(['a']), []]);
  create('b');
  expect(flush()).toBe(true);
  expect(heard.at(-1)).toEqual(['b']);
});
