import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** CustomResourceDefinition (apiextensions-apiserver pkg/registry/customresourcedefinition); serving its kinds comes later. */

function defaults(object: KubeObject): void {
  const { spec } = object;
  if (!spec) return;
  spec.names ??= {};
  if (!spec.names.singular) spec.names.singular = (spec.names.kind ?? '').toLowerCase();
  if (!spec.names.listKind && spec.names.kind) spec.names.listKind = `${spec.names.kind}List`;
  spec.conversion ??= { strategy: 'None' };
  if (spec.conversion.webhook?.clientConfig?.service) spec.conversion.webhook.clientConfig.service.port ??= 443;
}

/** The storage version joins the versions in which objects may lie. */
function noteStored(object: KubeObject): void {
  const storage = (object.spec?.versions ?? []).find((v: Obj) => v.storage)?.name;
  const stored: string[] = object.status?.storedVersions ?? [];
  if (storage && !stored.includes(storage)) object.status = { ...object.status, storedVersions: [...stored, storage] };
}

const emptyStatus = (): Obj => ({ conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null });

export const CustomResourceDefinition = defineKind({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  namespaced: false,
  schema: goSchema('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition'),
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  status: true,
  storageVersion: 'v1beta1',
  storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
  plainFinalizers: true,
  needsResourceVersion: true,
  defaults,
  prepareCreate(object) {
    object.status = emptyStatus();
    object.metadata.generation = 1;
    noteStored(object);
  },
  prepareUpdate(object, old) {
    object.status = old.status;
    if (!equal(object.spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    noteStored(object);
  },
});
