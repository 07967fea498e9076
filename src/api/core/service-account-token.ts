import type { KubeObject, Obj } from '../../lib/json.ts';
import { ownProperty } from '../../lib/own-property.ts';
import type { PostRequest } from '../machinery/define-kind.ts';
import { type FieldError, invalid } from '../machinery/field-errors.ts';
import { badRequest, conflict, internalError, invalidError, notFoundError } from '../machinery/status-errors.ts';
import { rfc3339 } from '../machinery/time.ts';
import type { TokenClaims } from '../machinery/token-issuer.ts';

const GROUP = 'authentication.k8s.io';
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/** The lifetime that kubelets request; such tokens of pods live longer, and only warn after it (token.WarnOnlyBoundTokenExpirationSeconds). */
const WARN_ONLY_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

/** Under this key the audit log names the credential that was made. */
const ISSUED = 'authentication.kubernetes.io/issued-credential-id';

/** The id that a token carries. */
const idOf = (token: string): string => JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).jti;

/** POST serviceaccounts/NAME/token: a signed token of the account, bound to an object if it says so (core/serviceaccount TokenREST). */
export function requestToken(sent: KubeObject, request: PostRequest): Obj {
  const { namespace, now, tokens: issuer } = request;
  if (!issuer) throw internalError('this server issues no tokens');
  const name = request.name as string;
  const { metadata = {} as KubeObject['metadata'], spec = {} } = sent;
  checkAddress(metadata, name, namespace);
  const account = request.get('serviceaccounts', namespace, name);
  if (!account) throw notFoundError({ group: '', resource: 'serviceaccounts' }, name);
  const what = { group: GROUP, resource: 'TokenRequest' };
  if (metadata.uid && metadata.uid !== account.metadata.uid) {
    const why = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${account.metadata.uid})`;
    throw conflict(what, name, why);
  }
  const seconds: number = spec.expirationSeconds ?? DEFAULT_SECONDS;
  const errors = validate(seconds);
  if (errors.length) throw invalidError(GROUP, 'TokenRequest', '', errors);
  request.admit();
  const audiences: string[] = spec.audiences?.length ? spec.audiences : issuer.audiences;
  const claims: TokenClaims = {
    account,
    audiences,
    now,
    expirationSeconds: seconds,
    ...boundTo(request, spec.boundObjectRef, name, namespace),
  };
  if (claims.pod && seconds === WARN_ONLY_SECONDS && audiences.every((a) => issuer.audiences.includes(a))) {
    claims.warnAfterSeconds = seconds;
    claims.expirationSeconds = EXTENDED_SECONDS;
  }
  const { uid } = account.metadata;
  const token = issuer.issue(claims);
  request.annotate?.(ISSUED, `JTI=${idOf(token)}`);
  return {
    kind: 'TokenRequest',
    apiVersion: `${GROUP}/v1`,
    metadata: { name, namespace, uid, creationTimestamp: rfc3339(now) },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: rfc3339(now + seconds * 1000) },
  };
}

function checkAddress(metadata: Obj, name: string, namespace: string): void {
  const wrong: FieldError[] = [];
  if (metadata.name && metadata.name !== name) {
    wrong.push(invalid('metadata.name', metadata.name, 'must match the service account name if specified'));
  } else if (metadata.namespace && metadata.namespace !== namespace) {
    wrong.push(invalid('metadata.namespace', metadata.namespace, 'must match the service account namespace if specified'));
  }
  if (wrong.length) throw invalidError(GROUP, 'TokenRequest', name, wrong);
}

function validate(seconds: number): FieldError[] {
  if (seconds < MIN_SECONDS)
    return [invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes')];
  if (seconds > MAX_SECONDS)
    return [invalid('spec.expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds')];
  return [];
}

const BINDS_TO: Record<string, string> = { Pod: 'pods', Node: 'nodes', Secret: 'secrets' };

/** The object that the token dies with. */
function boundTo({ get }: PostRequest, ref: Obj | undefined, account: string, namespace: string): Partial<TokenClaims> {
  if (!ref) return {};
  const [group, version] = String(ref.apiVersion ?? '').includes('/')
    ? (ref.apiVersion as string).split('/')
    : ['', ref.apiVersion ?? ''];
  const kind: string = ref.kind ?? '';
  const resource = group === '' ? ownProperty(BINDS_TO, kind) : undefined;
  if (!resource) throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  const object = get(resource, resource === 'nodes' ? '' : namespace, ref.name);
  if (!object) throw notFoundError({ group: '', resource }, ref.name);
  if (resource === 'pods' && object.spec.serviceAccountName !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  if (ref.uid && ref.uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record.`;
    throw conflict({ group: '', resource: kind }, ref.name, `${why} The object might have been deleted and then recreated`);
  }
  if (resource === 'secrets') return { secret: object };
  if (resource === 'nodes') return { node: object };
  const { nodeName } = object.spec;
  const node = nodeName ? (get('nodes', '', nodeName) ?? ({ metadata: { name: nodeName } } as KubeObject)) : undefined;
  return { pod: object, ...(node && { node }) };
}
