import { expect, it } from 'vitest';
import { label, seconds } from '../../../src/cli/durations.ts';

it('a while is written as people write it', () => {
  expect(['90', '90s', '2h', '1d12h', '1w', '1m30s'].map(seconds)).toEqual([90, 90, 7200, 129_600, 604_800, 90]);
  for (const text of ['', 'h', '2 h', '-1', '1.5h', '2h!', 'x2h']) expect(() => seconds(text), text).toThrow('a while');
});

it('labels are collected', () => {
  expect(label('b=c=d', label('a=1'))).toEqual({ a: '1', b: 'c=d' });
  expect(label('a=')).toEqual({ a: '' });
  for (const text of ['', '=x', 'x']) expect(() => label(text), text).toThrow('key=value');
});
