import type { KubeObject, Obj } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { ageCell, columnsOf, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { byteLength, isDns1123Label, isDns1123Subdomain } from '../machinery/names.ts';
import { checkReference } from './ingress-backend.ts';

/** IngressClass (registry/networking/ingressclass/strategy.go, networking/validation). */

const CONTROLLER_MAX = 250;
const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const HTTP_PATH_REGEX = new RegExp(`^${HTTP_PATH}$`);

function defaults(object: KubeObject): void {
  if (object.spec?.parameters) object.spec.parameters.scope ??= 'Cluster';
}

/** IsDomainPrefixedPath: acme.io/foo */
function checkController(value: string): FieldError[] {
  const path = 'spec.controller';
  if (!value) return [required(path)];
  const slash = value.indexOf('/');
  const host = value.slice(0, slash);
  const rest = value.slice(slash + 1);
  if (slash <= 0 || !rest) return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = each(path, host, isDns1123Subdomain(host));
  if (!HTTP_PATH_REGEX.test(rest)) {
    errors.push(invalid(path, rest, `Invalid path (regex used for validation is '${HTTP_PATH}')`));
  }
  return errors;
}

function checkParameters(ref: Obj): FieldError[] {
  const path = 'spec.parameters';
  const errors = checkReference(ref, path);
  const { scope, namespace } = ref;
  if (scope === undefined) errors.push(required(`${path}.scope`));
  else if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    else errors.push(...each(`${path}.namespace`, namespace, isDns1123Label(namespace)));
  } else if (scope === 'Cluster') {
    if (namespace !== undefined) errors.push(forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  } else errors.push(notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace']));
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const { controller = '', parameters } = object.spec ?? {};
  const errors: FieldError[] = [];
  if (byteLength(controller) > CONTROLLER_MAX) errors.push(tooLong('spec.controller', '', CONTROLLER_MAX));
  return [...errors, ...checkController(controller), ...(parameters ? checkParameters(parameters) : [])];
}

function parameters(object: KubeObject): string {
  const ref = object.spec?.parameters;
  if (!ref) return '<none>';
  return `${ref.kind}${ref.apiGroup === undefined ? '' : `.${ref.apiGroup}`}/${ref.name}`;
}

export const IngressClass = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  resource: 'ingressclasses',
  namespaced: false,
  schema: goSchema('io.k8s.api.networking.v1.IngressClass'),
  versions: [droppedVersion('networking.k8s.io/v1beta1 IngressClass', 'networking.k8s.io/v1 IngressClassList', 19, 22)],
  countsGenerations: true,
  defaults,
  validateCreate: validate,
  validateUpdate(object, old) {
    const { controller = '' } = object.spec ?? {};
    const changed = controller !== (old.spec?.controller ?? '');
    return [
      ...(changed ? [invalid('spec.controller', controller, FIELD_IMMUTABLE)] : []),
      ...validateObjectMeta(object.metadata, false, undefined, 'metadata'),
      ...validate(object),
    ];
  },
  columns: columnsOf(
    'networking.k8s.io/ingressclasses',
    (object) => object.metadata.name + (object.metadata.annotations?.[DEFAULT] === 'true' ? ' (default)' : ''),
    textCell('spec', 'controller'),
    parameters,
    ageCell,
  ),
});
