import { beforeEach, describe, expect, it } from 'vitest';
import { Sessions } from '../../../src/cluster/sessions.ts';
import type { Message, StreamPort, StreamSpec } from '../../../src/lib/stream.ts';
import { EchoSession, echoSpec } from '../../fixtures/echo.ts';

const NOW = 1000;

let sessions: Sessions;
let bytes: number;
beforeEach(() => {
  bytes = 0;
  failures = [];
  sessions = anew();
});
let failures: unknown[];
const anew = () =>
  new Sessions({
    resumptions: { echo: (spec, port) => new EchoSession(spec, port) },
    clock: (wall) => wall,
    sent: (more, now) => {
      expect(now).toBeGreaterThanOrEqual(NOW);
      bytes += more;
    },
    failed: (error) => void failures.push(error),
  });

/** A client's end: what it got, what was kept, whether it was closed. */
class Client implements StreamPort {
  readonly got: Message[] = [];
  kept: StreamSpec | undefined;
  isClosed = false;
  send(message: Message): void {
    expect(this.isClosed).toBe(false);
    this.got.push(message);
  }
  save(spec: StreamSpec): void {
    this.kept = structuredClone(spec);
  }
  close(): void {
    this.isClosed = true;
  }
}

const open = (spec = echoSpec()) => {
  const client = new Client();
  const session = sessions.open((port) => new EchoSession(spec, port), client, NOW) as EchoSession;
  return { client, session };
};

describe('a stream whose client speaks', () => {
  it('[STR1] sends its first messages when it is opened, later ones at the flush', () => {
    const { client, session } = open();
    expect(client.got).toEqual(['hello']);
    sessions.receive(session, 'a', NOW);
    sessions.receive(session, new TextEncoder().encode('b'), NOW);
    expect(client.got).toEqual(['hello']);
    expect(sessions.flush(NOW, 1, 10)).toBe(true);
    expect(client.got).toEqual(['hello', '1 a', '2 b']);
  });

  it('[STR2] goes on after a sleep from what its port kept, at any moment', () => {
    const { client, session } = open();
    sessions.receive(session, 'a', NOW);
    sessions.flush(NOW, 1, 10);
    sessions.receive(session, 'b', NOW);
    sessions = anew();
    const woken = sessions.resume(client.kept as StreamSpec, client) as EchoSession;
    sessions.receive(woken, 'c', NOW);
    sessions.flush(NOW, 2, 10);
    expect(client.got).toEqual(['hello', '1 a', '2 b', '3 c']);
  });

  it('[STR2] of a type that is not known does not go on', () => {
    expect(sessions.resume(echoSpec({ type: 'other' as 'echo' }), new Client())).toBe(undefined);
    expect(sessions.size).toBe(0);
  });

  it('[STR3] ends itself, and takes nothing any more', () => {
    const { client, session } = open();
    sessions.receive(session, 'bye', NOW);
    expect(client.isClosed).toBe(true);
    expect(sessions.size).toBe(0);
    sessions.receive(session, 'late', NOW);
    sessions.flush(NOW, 1, 10);
    expect(client.got).toEqual(['hello']);
  });

  it('[STR4] ends with its credential, and its session lets go once', () => {
    const { client, session } = open(echoSpec({ expires: NOW + 10 }));
    const other = open();
    sessions.flush(NOW + 10, 1, 10);
    expect(client.isClosed).toBe(true);
    expect(session.ended).toBe(1);
    sessions.remove(session);
    expect(session.ended).toBe(1);
    sessions.end(() => true);
    expect([other.client.isClosed, other.session.ended]).toEqual([true, 1]);
  });

  it('[STR6] that throws is reported and ends; those behind it hear', () => {
    const all = [open(), open(), open()];
    const [first, second, third] = all;
    first.client.send = () => {
      throw new Error('not sent');
    };
    for (const { session } of all) sessions.receive(session, 'a', NOW);
    second.client.save = () => {
      throw new Error('not saved');
    };
    sessions.receive(second.session, 'b', NOW);
    expect(sessions.flush(NOW, 1, 10)).toBe(true);
    expect(third.client.got).toEqual(['hello', '1 a']);
    expect(failures.map(String)).toEqual(['Error: not saved', 'Error: not sent']);
    expect([first.client.isClosed, second.client.isClosed, sessions.size]).toEqual([true, true, 1]);
  });

  it('[STR6] whose end throws keeps no other open', () => {
    const [first, second] = [open(), open()];
    first.client.close = () => {
      throw new Error('not closed');
    };
    sessions.end(() => true);
    expect([sessions.size, second.client.isClosed, failures.map(String)]).toEqual([0, true, ['Error: not closed']]);
  });

  it('[STR5] every message counts', () => {
    const { session } = open();
    sessions.receive(session, 'a', NOW);
    sessions.flush(NOW, 1, 10);
    expect(bytes).toBe('hello'.length + '1 a'.length);
  });
});
