import type { KubeObject, Obj } from '../../lib/json.ts';
import { checkSubdomain, each } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { isDns1035Label, isPathSegmentName, isPort } from '../machinery/names.ts';

/** APIService (kube-aggregator pkg/registry/apiservice). */

function available(object: KubeObject): string {
  const condition = (object.status?.conditions ?? []).find((c: Obj) => c.type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status !== 'True' && condition.reason ? `${condition.status} (${condition.reason})` : condition.status;
}

const SERVICE = ['namespace', 'name'] as const;

function checkService({ service, caBundle, insecureSkipTLSVerify: insecure }: Obj): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (field: string, value: unknown, detail: string) => errors.push(invalid(`spec.${field}`, value, detail));
  const bytes = caBundle ? atob(caBundle).length : 0;
  if (!service) {
    if (bytes) wrong('caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle');
    if (insecure) wrong('insecureSkipTLSVerify', insecure, 'local APIServices may not have insecureSkipTLSVerify');
    return errors;
  }
  for (const field of SERVICE) if (!service[field]) errors.push(required(`spec.service.${field}`));
  const port = isPort(service.port);
  if (port.length) wrong('service.port', service.port, `port is not valid: ${port.join(', ')}`);
  if (insecure && bytes) wrong('insecureSkipTLSVerify', insecure, 'may not be true if caBundle is present');
  return errors;
}

/** Its name says what it serves. */
function checkItsName(name: string, wanted: string): FieldError[] {
  const path = 'metadata.name';
  const problems = isPathSegmentName(name);
  if (!name || problems.length) return each(path, name, problems);
  if (name === wanted) return [];
  return [invalid(path, name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)];
}

function validate(object: KubeObject): FieldError[] {
  const spec: Obj = object.spec ?? {};
  const { group = '', version = '', groupPriorityMinimum: priority = 0, versionPriority = 0 } = spec;
  const errors = checkItsName(object.metadata.name ?? '', `${version}.${group}`);
  if (group) errors.push(...checkSubdomain(group, 'spec.group'));
  else if (version !== 'v1') {
    errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  }
  errors.push(...each('spec.version', version, isDns1035Label(version)));
  if (priority <= 0 || priority > 20000) {
    errors.push(invalid('spec.groupPriorityMinimum', priority, 'must be positive and less than 20000'));
  }
  if (versionPriority <= 0 || versionPriority > 1000) {
    errors.push(invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000'));
  }
  return [...errors, ...checkService(spec)];
}

const STATUSES = ['True', 'False', 'Unknown'];

function validateStatus(object: KubeObject): FieldError[] {
  return (object.status?.conditions ?? []).flatMap(({ status = '' }: Obj, i: number) =>
    STATUSES.includes(status) ? [] : [notSupported(`status.conditions[${i}].status`, status, STATUSES)],
  );
}

export const APIService = defineKind({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  resource: 'apiservices',
  namespaced: false,
  schema: goSchema('io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService'),
  categories: ['api-extensions'],
  status: true,
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  statusResetsMetadata: true,
  plainFinalizers: true,
  needsResourceVersion: true,
  names: () => [],
  defaults(object) {
    if (object.spec?.service) object.spec.service.port ??= 443;
  },
  validateCreate: validate,
  validateUpdate: (object) => [...validateObjectMeta(object.metadata, false, isPathSegmentName, 'metadata'), ...validate(object)],
  validateStatus,
  columns: columnsOf(
    'apiregistration.k8s.io/apiservices',
    nameCell,
    (object) => (object.spec?.service ? `${object.spec.service.namespace}/${object.spec.service.name}` : 'Local'),
    available,
    ageCell,
  ),
});
