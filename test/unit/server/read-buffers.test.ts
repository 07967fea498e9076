import { expect, it } from 'vitest';
import { giveBuffer, takeBuffer, withInserted } from '../../../src/server/read-buffers.ts';

it('inserts a text into a read buffer without a copy, and into others with one', () => {
  const buffer = takeBuffer();
  const bytes = buffer.subarray(0, buffer.write('one three'));
  const wider = withInserted(bytes, 3, ' two');
  expect([wider.toString(), wider.buffer]).toEqual(['one two three', buffer.buffer]);
  expect(bytes.subarray(3).toString()).toBe(' three');
  const other = Buffer.from('one three');
  expect(withInserted(other, 3, ' two').toString()).toBe('one two three');
  expect(other.toString()).toBe('one three');
  giveBuffer(buffer);
  expect(takeBuffer()).toBe(buffer);
});

it('inserts a text that is longer than the room before a read buffer', () => {
  const buffer = takeBuffer();
  const bytes = buffer.subarray(0, buffer.write('ab'));
  expect(withInserted(bytes, 1, 'x'.repeat(1000)).toString()).toBe(`a${'x'.repeat(1000)}b`);
  expect(withInserted(bytes, 1, '').toString()).toBe('ab');
});
