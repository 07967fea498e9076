import { connect } from 'node:tls';
import type { Server } from './server.ts';

const WAIT_MS = 10_000;
const QUIET_MS = 300;

/** An answer. */
export interface Said {
  status: number;
  headers: Record<string, string>;
  /** What is the same for two answers that must not be told apart: all but Audit-ID, X-Request-Id and Date. */
  text: string;
  body: string;
}

/** Whether an answer is there to its end, where it says how long it is. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length);
}

/** Sends bytes and reads until the server has been silent for a moment, or has closed. */
export function raw(server: Server, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port: server.port, ca: server.ca, servername: 'localhost' });
    let out = '';
    let quiet: NodeJS.Timeout | undefined;
    const all = setTimeout(() => reject(new Error(`no answer to ${bytes.toString().slice(0, 200)}`)), WAIT_MS);
    const done = () => {
      clearTimeout(all);
      clearTimeout(quiet);
      socket.destroy();
      resolve(out);
    };
    socket.setEncoding('latin1').on('data', (text) => {
      out += text;
      clearTimeout(quiet);
      if (isWhole(out)) done();
      else quiet = setTimeout(done, QUIET_MS);
    });
    socket.on('end', done).on('error', done);
    socket.on('secureConnect', () => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes));
  });
}

/** A request as bytes; Host is added when it is not among the headers. */
export const request = (server: Server, path: string, headers: string[] = [], method = 'GET', body = '') => {
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : [`Host: localhost:${server.port}`];
  return `${[`${method} ${path} HTTP/1.1`, ...host, ...headers].join('\r\n')}\r\n\r\n${body}`;
};

/** Takes an answer apart. */
export function read(text: string): Said {
  const end = text.indexOf('\r\n\r\n');
  const [line, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((one) => [one.slice(0, one.indexOf(':')).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
  );
  const same = text.replace(/\r\n(audit-id|x-request-id|date): [^\r]*/gi, '');
  return { status: Number(line?.split(' ')[1]), headers, text: same, body: text.slice(end + 4) };
}
