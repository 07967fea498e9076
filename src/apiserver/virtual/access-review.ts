import { type FieldError, invalid } from '../../api/machinery/field-errors.ts';
import { badRequest, invalidError } from '../../api/machinery/status-errors.ts';
import { type Attributes, resourceAttributes } from '../../authz/attributes.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { UserInfo } from '../../api/machinery/user.ts';
import type { Call, Deps } from '../call.ts';
import { reviewed } from './reviewed.ts';

const GROUP = 'authorization.k8s.io';

/** pkg/registry/authorization/selfsubjectaccessreview */
export function selfSubjectAccessReview(object: KubeObject, call: Call, deps: Deps): KubeObject {
  const spec: Obj = object.spec ?? {};
  refuse([...specErrors(spec), ...metaErrors(object, false)]);
  return answer(object, call.user, deps);
}

/** pkg/registry/authorization/subjectaccessreview */
export function subjectAccessReview(object: KubeObject, _call: Call, deps: Deps): KubeObject {
  const spec: Obj = object.spec ?? {};
  refuse([...specErrors(spec), ...subjectErrors(spec), ...metaErrors(object, false)]);
  return answer(object, subjectOf(spec), deps);
}

/** pkg/registry/authorization/localsubjectaccessreview */
export function localSubjectAccessReview(object: KubeObject, call: Call, deps: Deps): KubeObject {
  const spec: Obj = object.spec ?? {};
  const { namespace } = call.info;
  object.metadata ??= {} as KubeObject['metadata'];
  if (object.metadata.namespace && object.metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  object.metadata.namespace = namespace;
  const errors = [...specErrors(spec), ...subjectErrors(spec), ...metaErrors(object, true)];
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (spec.resourceAttributes && asked !== namespace) {
    errors.push(invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
  }
  if (spec.nonResourceAttributes) {
    errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'));
  }
  refuse(errors);
  return answer(object, subjectOf(spec), deps);
}

/** Upstream gives no kind here, and so the message begins with a dot. */
function refuse(errors: FieldError[]): void {
  if (!errors.length) return;
  const error = invalidError(GROUP, '', '', errors);
  delete error.status.details.kind;
  throw error;
}

function specErrors(spec: Obj): FieldError[] {
  if (spec.resourceAttributes && spec.nonResourceAttributes) {
    const { path = '', verb = '' } = spec.nonResourceAttributes;
    const shown = { Path: path, Verb: verb };
    return [invalid('spec.nonResourceAttributes', shown, 'cannot be specified in combination with resourceAttributes')];
  }
  if (spec.resourceAttributes || spec.nonResourceAttributes) return [];
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [invalid('spec.resourceAttributes', null, why)];
}

const subjectErrors = (spec: Obj): FieldError[] =>
  spec.user || spec.groups?.length ? [] : [invalid('spec.user', '', 'at least one of user or group must be specified')];

function metaErrors({ metadata }: KubeObject, local: boolean): FieldError[] {
  const names = Object.keys(metadata ?? {}).filter((name) => name !== 'managedFields' && !(local && name === 'namespace'));
  return names.length ? [invalid('metadata', metadata, local ? 'must be empty except for namespace' : 'must be empty')] : [];
}

const subjectOf = (spec: Obj): UserInfo => ({
  username: spec.user ?? '',
  groups: spec.groups ?? [],
  ...(spec.uid && { uid: spec.uid }),
  ...(spec.extra && { extra: spec.extra }),
});

function answer(object: KubeObject, user: UserInfo, deps: Deps): KubeObject {
  const { verdict, reason } = deps.authorizer.authorize(questionOf(object.spec, user));
  const allowed = verdict === 'allow';
  const status = { allowed, ...(verdict === 'deny' && { denied: true }), ...(reason && { reason }) };
  return reviewed(object, { spec: object.spec, status });
}

function questionOf(spec: Obj, user: UserInfo): Attributes {
  const asked: Obj = spec.resourceAttributes ?? spec.nonResourceAttributes;
  if (!spec.resourceAttributes)
    return { ...resourceAttributes(user, asked.verb ?? '', {}), isResource: false, path: asked.path ?? '' };
  const { verb = '', group = '', version = '', resource = '', subresource = '', namespace = '', name = '' } = asked;
  return resourceAttributes(user, verb, { group, version, resource, subresource, namespace, name });
}
