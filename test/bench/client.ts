import { readFileSync } from 'node:fs';
import { isIP, type SocketConstructorOpts } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { load } from 'js-yaml';

/** A Kubernetes API and how to get in. */
export interface Target {
  host: string;
  port: number;
  /** Before every path, e.g. "/clusters/x". */
  prefix: string;
  ca: string;
  token?: string;
  cert?: string;
  key?: string;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string } }[];
  users: { user: Record<string, string> }[];
}

/** The first cluster and user of a kubeconfig (JSON or YAML). */
export function targetOf(text: string): Target {
  const config = load(text) as Kubeconfig;
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const url = new URL(cluster.server);
  const decoded = (data: string | undefined, file: string | undefined) =>
    data ? Buffer.from(data, 'base64').toString() : file ? readFileSync(file, 'utf8') : undefined;
  const cert = decoded(user['client-certificate-data'], user['client-certificate']);
  const key = decoded(user['client-key-data'], user['client-key']);
  return {
    host: url.hostname,
    port: Number(url.port || 443),
    prefix: url.pathname.replace(/\/$/, ''),
    ca: decoded(cluster['certificate-authority-data'], cluster['certificate-authority']) ?? '',
    ...(user.token && { token: user.token }),
    ...(cert && { cert }),
    ...(key && { key }),
  };
}

export interface Answer {
  status: number;
  /** Until the connection sends its next request. */
  body: Buffer;
}

/** Of the answer that comes: where its body begins, and how long that is, if it says so. */
interface Head {
  status: number;
  start: number;
  length: number | undefined;
}

const CRLF2 = Buffer.from('\r\n\r\n');
const NO_CONTENT = 204;
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
/** What all connections read into, and what the first answer of one has room for. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);
const ANSWER_BYTES = 4 * 1024;

/**
 * One keep-alive connection that does one request at a time. Small on purpose: client and server share the machine, and what the client
 * spends is missing from the figures.
 */
export class Connection {
  readonly #target: Target;
  #socket: TLSSocket | undefined;
  /** The answer as far as it has come: the first so many bytes. The memory is used again for the next. */
  #bytes = Buffer.allocUnsafeSlow(ANSWER_BYTES);
  #size = 0;
  #onData: ((chunk: Buffer) => void) | undefined;
  #head: Head | undefined;
  #done: ((answer: Answer) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  async open(): Promise<this> {
    const { host, port, ca, cert, key } = this.#target;
    // The types of tls do not know that what a socket takes, it takes too.
    const options: ConnectionOptions & Pick<SocketConstructorOpts, 'onread'> = {
      host,
      port,
      ca,
      cert,
      key,
      ...(isIP(host) ? {} : { servername: host }),
      ALPNProtocols: ['http/1.1'],
      onread: {
        buffer: READ_BUFFER,
        callback: (size: number) => {
          const chunk = READ_BUFFER.subarray(0, size);
          if (this.#onData) this.#onData(chunk);
          else this.#read(chunk);
          return true;
        },
      },
    };
    const socket = connect(options);
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    socket.setNoDelay(true);
    socket.on('error', (error) => this.#fail?.(error));
    socket.on('close', () => this.#fail?.(new Error('the connection was closed')));
    this.#socket = socket;
    return this;
  }

  close(): void {
    this.#fail = undefined;
    this.#socket?.destroy();
  }

  /** The bytes of a request, to be sent many times. */
  encode(method: string, path: string, body?: string, type = 'application/json'): Buffer {
    const { host, port, prefix, token } = this.#target;
    const head = [`${method} ${prefix}${path} HTTP/1.1`, `Host: ${host}:${port}`, 'Accept: application/json'];
    if (token) head.push(`Authorization: Bearer ${token}`);
    if (body !== undefined) head.push(`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`);
    return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`);
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#fail = reject;
      this.#socket?.write(request);
    });
  }

  async json<T>(method: string, path: string, body?: unknown, type?: string): Promise<T> {
    const answer = await this.send(this.encode(method, path, body === undefined ? undefined : JSON.stringify(body), type));
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
    return JSON.parse(answer.body.toString()) as T;
  }

  /** Sends a request whose answer does not end; every piece goes to `onData`, framing included, which is not to keep it. */
  stream(request: Buffer, onData: (chunk: Buffer) => void): void {
    this.#onData = onData;
    this.#socket?.write(request);
  }

  #read(chunk: Buffer): void {
    this.#keep(chunk);
    this.#head ??= this.#readHead();
    if (!this.#head) return;
    const { start, length, status } = this.#head;
    const all = this.#bytes.subarray(start, this.#size);
    if (length === undefined ? !all.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) : all.length < length) return;
    this.#size = 0;
    this.#head = undefined;
    const done = this.#done;
    this.#done = undefined;
    done?.({ status, body: length === undefined ? unchunk(all) : all });
  }

  #keep(chunk: Buffer): void {
    const size = this.#size + chunk.length;
    if (size > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(size * 2);
      this.#bytes.copy(larger, 0, 0, this.#size);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#size);
    this.#size = size;
  }

  #readHead(): Head | undefined {
    const start = this.#bytes.subarray(0, this.#size).indexOf(CRLF2);
    if (start < 0) return undefined;
    const head = this.#bytes.toString('latin1', 0, start);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const status = Number(head.slice(9, 12));
    const bytes = status === NO_CONTENT ? 0 : length === undefined ? undefined : Number(length);
    return { status, start: start + CRLF2.length, length: bytes };
  }
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (!size) return Buffer.concat(parts);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

/** The value below which a share of the (sorted) samples lies. */
export function quantile(samples: number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}
