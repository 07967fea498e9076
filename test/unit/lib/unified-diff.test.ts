import { expect, it } from 'vitest';
import { unifiedDiff } from '../../../src/lib/unified-diff.ts';

const lines = (...texts: string[]): string => texts.join('\n');

it('equal texts do not differ', () => expect(unifiedDiff('a\nb', 'a\nb')).toBe(''));

it('three lines surround a change', () => {
  const left = lines('1', '2', '3', '4', '5', '6', '7', '8', '9');
  expect(unifiedDiff(left, left.replace('5', 'five'))).toBe(
    lines('@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8', ''),
  );
});

it('changes far apart are hunks of their own', () => {
  const left = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const right = left.with(2, 'two').toSpliced(25, 1);
  const diff = unifiedDiff(left.join('\n'), right.join('\n'));
  expect(diff.match(/^@@.*$/gm)).toEqual(['@@ -1,6 +1,6 @@', '@@ -23,7 +23,6 @@']);
  expect(diff).toContain('-line 2\n+two\n');
  expect(diff).toContain('-line 25\n line 26');
});

it('lines are added to nothing', () => {
  expect(unifiedDiff('a', 'a\nb')).toBe(lines('@@ -1 +1,2 @@', ' a', '+b', ''));
  expect(unifiedDiff('x', 'y')).toBe(lines('@@ -1 +1 @@', '-x', '+y', ''));
});
