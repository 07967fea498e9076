import { jsonText, parseDigits } from '../../api/machinery/numerals.ts';
import { isIP } from '../../api/machinery/names.ts';
import { rfc3339Micro } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { AUDIT_EVENT_BYTES, AUDIT_AGENT_CHARACTERS, AUDIT_MESSAGE_CHARACTERS } from '../limits.ts';
import { orderedMeta } from '../../registry/encode.ts';
import type { UserInfo } from '../../api/machinery/user.ts';
import { type ApiRequest, type ApiResponse, isStream } from '../messages.ts';
import type { RequestInfo } from '../request-info.ts';
import { bodyText, statusOf } from './answer.ts';
import { LEVELS, type Stage } from './policy.ts';
import type { AuditConfig } from './rules.ts';
import type { AuditSink } from './sink.ts';

const TRUNCATED = 'audit.k8s.io/truncated';
const LONG_VERBS = new Set(['watch', 'proxy']);
const LONG_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Placeholder of a bearer token. */
const REDACTED = '<redacted>';
/** Filled in when a stream ends. No text of an event can hold it: quotes inside of one are escaped. */
const OPEN_TIME = '"stageTimestamp":""';

/** The last event of a stream, as it was kept, at the time of its end. */
export const completed = (event: string, now: number): string =>
  event.replace(OPEN_TIME, () => `"stageTimestamp":"${rfc3339Micro(now)}"`);

/** The audit record of one request (apiserver audit/{context,request}.go, endpoints/filters/audit.go). */
export class AuditRecord {
  readonly #config: AuditConfig;
  readonly #sink: AuditSink;
  readonly #request: ApiRequest;
  readonly #info: RequestInfo;
  readonly #head: string;
  readonly #user: UserInfo | undefined;
  readonly #objectRef: Obj | undefined;
  readonly #annotations = new Map<string, string>();
  #impersonated: UserInfo | undefined;
  #sent: string | undefined;

  constructor(o: {
    config: AuditConfig;
    sink: AuditSink;
    request: ApiRequest;
    info: RequestInfo;
    auditId: string;
    user: UserInfo | undefined;
  }) {
    this.#config = o.config;
    this.#sink = o.sink;
    this.#request = o.request;
    this.#info = o.info;
    this.#user = o.user;
    this.#head = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${o.config.level}","auditID":${JSON.stringify(o.auditId)}`;
    if (o.info.isResource) this.#objectRef = referenceOf(o.info);
  }

  /** Returns a function that resets the record to its present state. */
  mark(): () => void {
    const annotations = [...this.#annotations];
    const [ref, impersonated, sent] = [{ ...this.#objectRef }, this.#impersonated, this.#sent];
    return () => {
      this.#annotations.clear();
      for (const [key, value] of annotations) this.#annotations.set(key, value);
      if (this.#objectRef) {
        for (const key of Object.keys(this.#objectRef)) delete this.#objectRef[key];
        Object.assign(this.#objectRef, ref);
      }
      this.#impersonated = impersonated;
      this.#sent = sent;
    };
  }

  /** Whether bodies of requests are recorded. */
  get wantsRequest(): boolean {
    return this.#reaches('Request');
  }

  #reaches(level: AuditConfig['level']): boolean {
    return LEVELS.indexOf(this.#config.level) >= LEVELS.indexOf(level);
  }

  /** Records RequestReceived: the user is known, the answer not. */
  received(): void {
    this.#emit('RequestReceived', this.#request.now);
  }

  impersonating(user: UserInfo): void {
    this.#impersonated = user;
  }

  /** Adds an annotation; the first value of a key is kept. */
  annotate(key: string, value: string): void {
    if (!this.#annotations.has(key)) this.#annotations.set(key, value);
  }

  /**
   * The object that the client sent, decoded: names what the address leaves open. `shown` makes the text of it, if it is
   * wanted.
   */
  sent(metadata: Partial<KubeObject['metadata']> | undefined, shown: () => Obj): void {
    const ref = this.#objectRef;
    for (const name of ['namespace', 'name', 'uid', 'resourceVersion'] as const) {
      if (ref && !ref[name] && metadata?.[name]) ref[name] = metadata[name];
    }
    if (!this.wantsRequest) return;
    const { kind, apiVersion, metadata: meta, ...rest } = shown();
    const object: Obj = { kind, apiVersion, ...(meta && { metadata: orderedMeta(meta) }), ...rest };
    if (this.#config.omitManagedFields) delete object.metadata?.managedFields;
    this.#sent = jsonText(this.#isTokens() ? withoutToken(object) : object);
  }

  /** A patch as it was sent; one that is no JSON is left out. */
  patched(value: unknown): void {
    if (this.wantsRequest && value !== undefined) this.#sent = jsonText(value);
  }

  #isTokens(): boolean {
    return this.#info.resource === 'tokenreviews' || this.#info.subresource === 'token';
  }

  /** Records a request without a user: one event only. */
  unauthenticated(answer: ApiResponse): void {
    this.#emit('ResponseStarted', this.#request.now, this.#response(answer));
  }

  /** Records the answer: the last events, but of a stream, which ends later. */
  complete(answer: ApiResponse): void {
    const { now } = this.#request;
    const response = this.#response(answer);
    if (this.#isLong()) this.#emit('ResponseStarted', now, response);
    if (!isStream(answer)) this.#emit('ResponseComplete', now, response);
    else if (!this.#config.omitStages.has('ResponseComplete')) {
      answer.spec.audit = this.#sink.begin(this.#text('ResponseComplete', undefined, response), now);
    }
  }

  /** Records a failure of the server. */
  panicked(error: unknown): void {
    const message = `APIServer panic'd: ${error instanceof Error ? error.message : String(error)}`;
    const status = { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 };
    this.#emit('Panic', this.#request.now, { status });
  }

  #isLong(): boolean {
    const { verb, isResource, subresource } = this.#info;
    return LONG_VERBS.has(verb) || (isResource && LONG_SUBRESOURCES.has(subresource));
  }

  #response(answer: ApiResponse): Response {
    if (isStream(answer)) return { status: { metadata: {}, code: answer.status } };
    const body = bodyText(answer);
    const status = statusOf(answer.status, body);
    if (!body || !this.#reaches('RequestResponse')) return { status };
    if (!this.#config.omitManagedFields && !this.#isTokens()) return { status, body };
    const object = parseDigits(body) as Obj;
    if (this.#config.omitManagedFields) dropManagedFields(object);
    return { status, body: jsonText(this.#isTokens() ? withoutToken(object) : object) };
  }

  #emit(stage: Stage, now: number, response?: Response): void {
    if (this.#config.omitStages.has(stage)) return;
    this.#sink.keep(this.#text(stage, now, response), now, !READS.has(this.#request.method));
  }

  /** The text of an event; without `now` its time is filled in later. */
  #text(stage: Stage, now: number | undefined, response: Response | undefined): string {
    const bodies = `${field('requestObject', this.#sent)}${field('responseObject', response?.body)}`;
    const text = this.#around(stage, now, response?.status, bodies, this.#annotations);
    if (text.length <= AUDIT_EVENT_BYTES) return text;
    const status = response && {
      ...response.status,
      message: response.status.message?.slice(0, AUDIT_MESSAGE_CHARACTERS),
      details: undefined,
    };
    return this.#around(stage, now, status, '', new Map([...this.#annotations, [TRUNCATED, 'true']]));
  }

  #around(stage: Stage, now: number | undefined, status: Obj | undefined, bodies: string, notes: Map<string, string>): string {
    const { url, header } = this.#request;
    const agent = header('user-agent') ?? '';
    const cut = agent.length > AUDIT_AGENT_CHARACTERS ? `${agent.slice(0, AUDIT_AGENT_CHARACTERS)}...TRUNCATED` : agent;
    const ips = sourceIPs(this.#request);
    return [
      this.#head,
      `,"stage":"${stage}","requestURI":${JSON.stringify(url)},"verb":${JSON.stringify(this.#info.verb)}`,
      `,"user":${this.#user ? userText(this.#user) : '{}'}`,
      field('impersonatedUser', this.#impersonated && userText(this.#impersonated)),
      field('sourceIPs', ips.length ? JSON.stringify(ips) : undefined),
      field('userAgent', cut ? JSON.stringify(cut) : undefined),
      field('objectRef', this.#objectRef && JSON.stringify(this.#objectRef)),
      field('responseStatus', status && JSON.stringify(status)),
      bodies,
      `,"requestReceivedTimestamp":"${rfc3339Micro(this.#request.now)}"`,
      now === undefined ? `,${OPEN_TIME}` : `,"stageTimestamp":"${rfc3339Micro(now)}"`,
      field('annotations', notes.size ? JSON.stringify(Object.fromEntries([...notes].sort())) : undefined),
      '}',
    ].join('');
  }
}

interface Response {
  status: Obj;
  /** JSON on one line. */
  body?: string;
}

const field = (name: string, text: string | undefined): string => (text === undefined ? '' : `,"${name}":${text}`);

function referenceOf({ resource, namespace, name, group, version, subresource }: RequestInfo): Obj {
  const all = { resource, namespace, name, uid: '', apiGroup: group, apiVersion: version, resourceVersion: '', subresource };
  for (const key of Object.keys(all) as (keyof typeof all)[]) if (!all[key]) delete (all as Obj)[key];
  return all;
}

const userText = ({ username, uid, groups, extra }: UserInfo): string =>
  JSON.stringify({ username, ...(uid && { uid }), groups, ...(extra && Object.keys(extra).length && { extra }) });

/** apimachinery util/net SourceIPs: all but the last can be made up by the client. */
function sourceIPs({ header, remote }: ApiRequest): string[] {
  const forwarded = (header('x-forwarded-for') ?? '').split(',').map((part) => part.trim());
  const ips = forwarded.filter((ip) => ip && !isIP(ip).length);
  const real = header('x-real-ip') ?? '';
  if (real && !isIP(real).length && !ips.includes(real)) ips.push(real);
  if (remote && ips.at(-1) !== remote) ips.push(remote);
  return ips;
}

/** A copy without its bearer token, which is never logged. */
function withoutToken(object: Obj): Obj {
  if (object.spec?.token) object.spec = { ...object.spec, token: REDACTED };
  if (object.status?.token) object.status = { ...object.status, token: REDACTED };
  return object;
}

/** copyWithoutManagedFields: of an object, the items of a list, the rows of a Table. */
function dropManagedFields(object: Obj): void {
  delete object.metadata?.managedFields;
  for (const item of object.items ?? []) delete item?.metadata?.managedFields;
  for (const row of object.rows ?? []) delete row?.object?.metadata?.managedFields;
}
