import type { Incoming, Outgoing, Transport } from './transport.ts';
import type { Item, Method, PathOf, Result, RequestInput, RequestArgument } from './types.ts';

/** A refusal of the server. */
export class Refusal extends Error {
  readonly status: number;
  /** Code of the problem; absent: the answer was of another form, which `body` holds. */
  readonly code: string | undefined;
  readonly body: unknown;

  constructor(status: number, message: string, body: unknown, code?: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** A server, and the token to use. */
interface Server {
  url: string;
  /** Absent: unauthenticated. */
  token?: string;
}

/** Parts of a request. */
interface Parts {
  param?: Record<string, string>;
  query?: Record<string, unknown>;
  json?: unknown;
  form?: Record<string, string>;
  header?: Record<string, string | undefined>;
}

const JSON_TYPE = 'application/json';
const JSON_LINES = 'application/x-ndjson';
/** Idempotent methods; a POST is by its Idempotency-Key. */
const REPEATABLE = new Set<Method>(['get', 'put']);

/**
 * A client of the management API, typed by its routes: paths are written as there (`/v1/accounts/:account/clusters`), inputs and answers
 * are inferred. Every refusal is a `Refusal`; the transport throws connection errors. It runs in browsers too.
 */
export class Client {
  readonly server: Server;
  readonly #transport: Transport;
  /** Default of `:account`. */
  readonly account: string;

  constructor(server: Server, transport: Transport, account = 'self') {
    this.server = server;
    this.#transport = transport;
    this.account = account;
  }

  get<P extends PathOf<'get'>>(path: P, ...[request]: RequestArgument<'get', P>): Promise<Result<'get', P>> {
    return this.#call('get', path, request);
  }
  post<P extends PathOf<'post'>>(path: P, ...[request]: RequestArgument<'post', P>): Promise<Result<'post', P>> {
    return this.#call('post', path, request);
  }
  put<P extends PathOf<'put'>>(path: P, ...[request]: RequestArgument<'put', P>): Promise<Result<'put', P>> {
    return this.#call('put', path, request);
  }
  patch<P extends PathOf<'patch'>>(path: P, ...[request]: RequestArgument<'patch', P>): Promise<Result<'patch', P>> {
    return this.#call('patch', path, request);
  }
  delete<P extends PathOf<'delete'>>(path: P, ...[request]: RequestArgument<'delete', P>): Promise<Result<'delete', P>> {
    return this.#call('delete', path, request);
  }

  /** Entries of a list, page by page. */
  async *pages<P extends PathOf<'get'>>(path: P, ...[request]: RequestArgument<'get', P>): AsyncGenerator<Item<P>> {
    let after: string | undefined;
    do {
      const { query, ...rest } = (request ?? {}) as Parts;
      const asked = { ...rest, query: { ...query, ...(after !== undefined && { after }) } };
      const page = await this.#call<'get', PathOf<'get'>>('get', path, asked as RequestInput<'get', PathOf<'get'>>);
      const { items, next } = page as unknown as { items: Item<P>[]; next?: string };
      yield* items;
      after = next;
    } while (after !== undefined);
  }

  /** All entries of a list. */
  all<P extends PathOf<'get'>>(path: P, ...request: RequestArgument<'get', P>): Promise<Item<P>[]> {
    return collect(this.pages(path, ...request));
  }

  /** Lines of a log, page by page, following the header Link. */
  async *lines(path: PathOf<'get'>, request: Pick<Parts, 'param' | 'query'>): AsyncGenerator<string> {
    let at: string | undefined = this.#address(path, request);
    while (at !== undefined) {
      const answer: Incoming = await this.#send('get', at, { header: { accept: JSON_LINES } });
      for (const line of answer.text.split('\n')) if (line) yield line;
      const next: string | undefined = /<([^>]+)>; rel="next"/.exec(answer.headers.link ?? '')?.[1];
      at = next && new URL(next).pathname + new URL(next).search;
    }
  }

  async #call<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    request: RequestInput<M, P> | undefined,
  ): Promise<Result<M, P>> {
    const parts = (request ?? {}) as Parts;
    const { status, text, headers } = await this.#send(method, this.#address(path, parts), parts);
    if (status === 204) return undefined as Result<M, P>;
    return (headers['content-type']?.startsWith(JSON_TYPE) ? JSON.parse(text) : text) as Result<M, P>;
  }

  #address(path: string, { param = {}, query = {} }: Parts): string {
    const filled = path.replace(/:(\w+)/g, (_, name: string) =>
      encodeURIComponent(param[name] ?? (name === 'account' ? this.account : '')),
    );
    const asked = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString();
    return search ? `${filled}?${search}` : filled;
  }

  async #send(method: Method, path: string, { json, form, header = {} }: Parts): Promise<Incoming> {
    const { token } = this.server;
    const once = method === 'post' && token !== undefined;
    const [type, body] =
      form !== undefined
        ? ['application/x-www-form-urlencoded', new URLSearchParams(form).toString()]
        : [JSON_TYPE, json === undefined ? undefined : JSON.stringify(json)];
    const headers: Outgoing['headers'] = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(once && { 'idempotency-key': crypto.randomUUID() }),
      ...(body !== undefined && { 'content-type': type }),
      'x-request-id': crypto.randomUUID(),
    };
    for (const [name, value] of Object.entries(header)) if (value !== undefined) headers[name] = value;
    const repeatable = once || REPEATABLE.has(method);
    const outgoing = { method: method.toUpperCase(), path, headers, repeatable, ...(body !== undefined && { body }) };
    const answer = await this.#transport(outgoing);
    if (answer.status < 200 || answer.status >= 300) throw refusalOf(this.server, answer);
    return answer;
  }
}

async function collect<T>(entries: AsyncGenerator<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

function refusalOf({ url }: Server, { status, text, headers }: Incoming): Refusal {
  let body: { code?: string; title?: string; detail?: string };
  try {
    body = JSON.parse(text);
  } catch {
    return new Refusal(status, `${url} answered ${status}: ${text.slice(0, 200)}`, text);
  }
  const { code, title, detail } = body;
  if (title === undefined) return new Refusal(status, `${url} answered ${status}: ${text.slice(0, 200)}`, body);
  const logged = status >= 500 ? ` (request ${headers['x-request-id']})` : '';
  return new Refusal(status, `${title}: ${detail}${logged}`, body, code);
}
