import { expect, it } from 'vitest';
import { LatestByKey, requestOf } from '../../../src/cli/commands/audit.ts';

it('a request of the audit log is one line, that of its last event', () => {
  const newest = new LatestByKey<{ auditID: string; requestReceivedTimestamp: string; stage: string }>(2, requestOf);
  const add = (auditID: string, stage: string, requestReceivedTimestamp = '1') =>
    newest.add({ auditID, requestReceivedTimestamp, stage });
  add('a', 'RequestReceived');
  add('b', 'RequestReceived');
  add('a', 'ResponseComplete');
  expect(newest.all().map((e) => `${e.auditID} ${e.stage}`)).toEqual(['b RequestReceived', 'a ResponseComplete']);
  add('b', 'ResponseComplete');
  add('b', 'RequestReceived', '2');
  expect(newest.all().map((e) => `${e.auditID} ${e.stage}`)).toEqual(['b ResponseComplete', 'b RequestReceived']);
});
