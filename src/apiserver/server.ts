import { goQuote } from '../api/machinery/go-text.ts';
import { badRequest, failure, StatusError, tooManyRequests } from '../api/machinery/status-errors.ts';
import { subresourceOf } from '../api/machinery/subresources.ts';
import type { KindTable } from '../api/kinds.ts';
import { Authenticator, ANONYMOUS } from '../authn/authenticator.ts';
import type { Signer } from '../authn/issuer.ts';
import type { KubeObject } from '../lib/json.ts';
import type { ObjectSource } from '../authn/identity.ts';
import type { IssuerSource } from '../authn/oidc/keys.ts';
import type { CredentialSource } from '../authn/tokens.ts';
import { Authorizer } from '../authz/authorizer.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { CertificateAuthority } from '../lib/x509/authority.ts';
import { type Answered, type AttemptScope, Unanswered } from '../lib/ask.ts';
import type { Registry } from '../registry/registry.ts';
import type { ExplainerOf, MeterOf } from '../registry/view.ts';
import type { Call, Deps, Filter, RequestLimits, Target } from './call.ts';
import type { Answer, ApiRequest, ApiResponse } from './messages.ts';
import { type Pending, RequestAttempt, Waiting } from './attempt.ts';
import { discovery } from './discovery.ts';
import type { AuditSink } from './audit/sink.ts';
import { audit, auditAnswer, auditIdOf } from './filters/audit.ts';
import { authentication } from './filters/authentication.ts';
import { authorization } from './filters/authorization.ts';
import { availability } from './filters/availability.ts';
import { depth } from './filters/depth.ts';
import { impersonation } from './filters/impersonation.ts';
import { limits } from './filters/limits.ts';
import { protobuf } from './filters/protobuf.ts';
import { surrogates } from './filters/surrogates.ts';
import { connect, CONNECTS } from './handlers/connect.ts';
import { create } from './handlers/create.ts';
import { remove, removeCollection } from './handlers/delete.ts';
import { get } from './handlers/get.ts';
import { list } from './handlers/list.ts';
import { patch } from './handlers/patch.ts';
import { update } from './handlers/update.ts';
import { watch } from './handlers/watch.ts';
import { negotiate } from './negotiate.ts';
import { openapi } from './openapi.ts';
import { NO_FACTS, type OpenApiFacts } from './openapi-facts.ts';
import { health } from './paths/health.ts';
import { rootPaths } from './paths/index.ts';
import { openid } from './paths/openid.ts';
import { statusz } from './paths/statusz.ts';
import { version } from './paths/version.ts';
import { type RequestInfo, requestInfo, splitPath } from './request-info.ts';
import { pageNotFound, respondError, text, warningHeader } from './respond.ts';
import { findTarget, noMethod, servesVersion, unserved } from './target.ts';

export type { Pending } from './attempt.ts';
export type { ApiRequest, ApiResponse } from './messages.ts';

/** The filters of every request, in order; each passes, answers or refuses it. */
const FILTERS: readonly Filter[] = [
  authentication,
  availability,
  audit,
  limits,
  impersonation,
  authorization,
  protobuf,
  surrogates,
  depth,
];

/** The release without the version, in a warning (deprecation.WarningMessage). */
const REMOVED_IN = /unavailable in v(\d+\.\d+)\+/;

type Handler = (call: Call, deps: Deps, target: Target) => ApiResponse;

/** Verb -> handler. */
const HANDLERS: Record<string, Handler> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};

const API_SERVER = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
const GATEWAY_TIMEOUT = 504;
const NO_QUERY = new URLSearchParams();
const NEGOTIATED = { format: 'json', as: 'object', apiVersion: '', pretty: false } as const;

export interface ApiServerDeps {
  registry: Registry;
  /** Randomness, and questions to the outside. */
  scope: AttemptScope;
  crypto: Crypto;
  credentials: CredentialSource;
  /** The cluster's time at a time of the wall clock, ms. */
  clock: (wall: number) => number;
  /** Issuers of tokens that are trusted beside the cluster itself; absent: none. */
  issuers?: IssuerSource;
  /** The authority of the cluster's client certificates. */
  authority?: () => CertificateAuthority | undefined;
  /** The cluster's own key: signs and verifies service account tokens. */
  signer: Signer;
  audit: AuditSink;
  /** Limits over many requests. */
  limits: RequestLimits;
  /** What pods and nodes use; absent: nothing is measured. */
  meterOf?: MeterOf;
  /** Why the scheduler decided as it did; absent: nothing is decided here. */
  explainerOf?: ExplainerOf;
  /** Absent: it serves. */
  unavailable?: string;
  /** Absent: documents of OpenAPI have structure only. */
  facts?: OpenApiFacts;
}

/** The HTTP face of one cluster: a synchronous function from request to answer, or to the watch that the shell is to open. */
export class ApiServer {
  readonly authorizer: Authorizer;
  readonly #deps: Deps;
  readonly #signer: Signer;
  readonly #scope: AttemptScope;
  readonly #waiting = new Waiting();

  constructor({ credentials, issuers, authority, signer, scope, ...deps }: ApiServerDeps) {
    const { registry, crypto, clock } = deps;
    const objects: ObjectSource = {
      object: (resource, namespace, name) => registry.object(resource, namespace, name),
      label: (resource, object, labels, now) => labelObject(registry, resource, object, labels, now),
    };
    const authenticator = new Authenticator({
      crypto,
      credentials,
      clock,
      signer,
      objects,
      ask: scope.ask,
      ...(issuers && { issuers }),
      ...(authority && { authority }),
    });
    this.#scope = scope;
    this.authorizer = new Authorizer(registry.view);
    this.#deps = { facts: NO_FACTS, ...deps, random: scope, authenticator, authorizer: this.authorizer };
    this.#signer = signer;
  }

  handle(request: ApiRequest): ApiResponse | Pending {
    if (isMalformed(request.url)) return BAD_REQUEST;
    return this.#run(new RequestAttempt(openCall(request, this.#deps.clock(request.now))), request.now);
  }

  /** Goes on with a request whose questions were answered. */
  answer({ attempt }: Pending, answers: readonly Answered[], now: number): ApiResponse | Pending {
    this.#waiting.remove(attempt);
    for (const [question, reply] of answers) attempt.answer(question, reply);
    return this.#run(attempt, now);
  }

  #run(attempt: RequestAttempt, now: number): ApiResponse | Pending {
    const { call } = attempt;
    try {
      return this.#complete(
        call,
        this.#scope.run(attempt, () => this.#answer(attempt)),
      );
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      attempt.rewind();
      const why = attempt.exhausted(now);
      if (why !== undefined) return this.#complete(call, respondError(failure(GATEWAY_TIMEOUT, 'Timeout', why), call));
      if (this.#waiting.add(attempt, now)) return { questions: error.questions, attempt };
      return this.#complete(call, respondError(tooManyRequests('too many requests wait for others', 1), call));
    }
  }

  #complete(call: Call, answer: ApiResponse): ApiResponse {
    auditAnswer(call, this.#deps, answer);
    const headers: Record<string, string> = {
      'audit-id': auditIdOf(call, this.#deps),
      'cache-control': 'no-cache, private',
      ...answer.headers,
    };
    if (call.warnings.length) headers.warning = warningHeader(call.warnings);
    return { ...answer, headers };
  }

  #answer(attempt: RequestAttempt): ApiResponse {
    const { call } = attempt;
    let negotiated: Call | undefined;
    try {
      const refused = negotiateInto(call, this.#deps.registry.kinds);
      if (!refused) negotiated = call;
      while (attempt.passed < FILTERS.length) {
        const answer = FILTERS[attempt.passed](call, this.#deps);
        if (answer) return answer;
        attempt.pass();
      }
      if (refused) throw refused;
      return this.#route(call);
    } catch (error) {
      if (error instanceof StatusError) return respondError(error, negotiated);
      if (error instanceof Unanswered) throw error;
      call.audit?.panicked(error);
      throw error;
    }
  }

  #route(call: Call): ApiResponse {
    const { info, request } = call;
    const { kinds } = this.#deps.registry;
    if (info.verb === 'watch' && info.watchPath && !info.resource) return undetermined(info.path);
    if (!info.isResource) return this.#path(call);
    if (info.path.startsWith('//')) return pageNotFound();
    if (!servesVersion(kinds, info.group, info.version)) return unserved(kinds, info.path);
    const target = findTarget(info, request.method, kinds);
    const deprecated = target.served?.deprecated ?? target.kind.deprecated;
    if (deprecated) {
      call.warnings.push(deprecated);
      call.audit?.annotate('k8s.io/deprecated', 'true');
      const removed = REMOVED_IN.exec(deprecated)?.[1];
      if (removed) call.audit?.annotate('k8s.io/removed-release', removed);
    }
    checkSegments(info);
    if (subresourceOf(target.kind, target.subresource)?.locate) return connect(call, this.#deps, target);
    const handler = HANDLERS[info.verb];
    if (!handler) throw noMethod();
    return handler(call, this.#deps, target);
  }

  /** Answers a path that is no resource. */
  #path({ info, now, query, request }: Call): ApiResponse {
    const { path } = info;
    if (path.startsWith('//')) return pageNotFound();
    const { crypto, facts, registry } = this.#deps;
    const { kinds } = registry;
    const host = request.header('host') ?? '';
    const accept = request.header('accept');
    const ifNoneMatch = request.header('if-none-match');
    const found =
      health(path, query) ??
      (path === '/version' || path === '/version/' ? version() : undefined) ??
      (path === '/' || path === '/index.html' ? rootPaths(kinds) : undefined) ??
      statusz(this.#deps, path, request, now) ??
      discovery(kinds, crypto, path, accept, { host, ifNoneMatch }) ??
      openapi(kinds, facts, crypto, path, { query: search(request.url), accept, ifNoneMatch, now }) ??
      openid(path, host, crypto, this.#signer);
    if (!found) return unserved(kinds, path);
    if (request.method !== 'GET' && READ_ONLY.test(path)) throw noMethod();
    return found;
  }
}

/** Paths that upstream serves by go-restful, for GET alone; handlers of the others do not look at the method. */
const READ_ONLY = /^\/(?:(?:version|api|openid|\.well-known)(?:\/|$)|apis\/[^/]+\/[^/]+)/;

/** Writes labels in the name of the API server itself. A refusal changes nothing for the request that caused it. */
function labelObject(
  registry: Registry,
  resource: string,
  object: KubeObject,
  labels: Record<string, string>,
  now: number,
): void {
  const kind = registry.kinds.byResource(resource);
  if (!kind) return;
  const { namespace = '', name } = object.metadata;
  const labelled = { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
  try {
    registry.update(kind, labelled, { namespace, name, user: API_SERVER, now, fieldManager: 'kube-apiserver' });
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

/** net/http's answer to a path with a percent sign that escapes nothing. */
const BAD_REQUEST: ApiResponse = {
  status: 400,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: '400 Bad Request',
};
const BAD_ESCAPE = /^[^?]*%(?![\da-fA-F]{2})/;
const isMalformed = (url: string): boolean => url.includes('%') && BAD_ESCAPE.test(url);

/** Upstream's answer when it cannot make a RequestInfo. */
function undetermined(path: string): Answer {
  const why = `unable to determine kind and namespace from url, ${path}`;
  return text(500, `Internal Server Error: ${goQuote(path)}: failed to create RequestInfo: ${why}\n`);
}

/**
 * Refuses names that cannot be part of a path (NamespaceKeyFunc, path.IsValidPathSegmentName), and namespaces that would lead
 * out of one.
 */
function checkSegments({ name, namespace, path }: RequestInfo): void {
  const wrong = name === '.' || name === '..' ? `may not be '${name}'` : name.includes('%') ? "may not contain '%'" : '';
  if (wrong) throw badRequest(`Name parameter invalid: ${goQuote(name)}: ${wrong}`);
  if (!name && (namespace === '.' || namespace === '..')) {
    throw failure(500, '', `invalid key: ${goQuote(`/${splitPath(path).at(-1)}/${namespace}`)}`);
  }
}

const search = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '');

function openCall(request: ApiRequest, now: number): Call {
  const { url } = request;
  const mark = url.indexOf('?');
  const query = mark < 0 ? NO_QUERY : new URLSearchParams(withoutSemicolons(url.slice(mark + 1)));
  const info = requestInfo(request.method, decodePath(mark < 0 ? url : url.slice(0, mark)), query);
  return { request, now, query, info, user: ANONYMOUS, authenticated: ANONYMOUS, warnings: [], accept: NEGOTIATED };
}

/** The query without parameters with a semicolon, which Go ignores (net/url ParseQuery). */
const withoutSemicolons = (query: string): string =>
  query.includes(';')
    ? query
        .split('&')
        .filter((part) => !part.includes(';'))
        .join('&')
    : query;

function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Resources negotiate by Accept; other paths look at the header themselves. A refusal is sent to authorized clients only. */
function negotiateInto(call: Call, kinds: KindTable): StatusError | undefined {
  const { info, request } = call;
  if (!info.isResource || CONNECTS.has(info.subresource)) return undefined;
  try {
    call.accept = negotiate(request.header('accept'), () => hasTables(info, kinds));
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

/**
 * Whether the resource has Tables: those that can only be created (reviews, bindings, tokens) have none (scope.TableConvertor
 * is nil).
 */
function hasTables({ group, version, resource, subresource }: RequestInfo, kinds: KindTable): boolean {
  const kind = kinds.served(group, version, resource)?.kind;
  const verbs = subresource && kind ? subresourceOf(kind, subresource)?.verbs : kind?.verbs;
  return !verbs || verbs.some((verb) => verb !== 'create');
}
