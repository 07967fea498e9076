import { rules as priorityClassRules } from '../scheduling/priority-class.ts';
import type { Kind } from '../machinery/define-kind.ts';
import { inGroup } from './row.ts';

const admission = inGroup('admissionregistration.k8s.io', 'v1', 'io.k8s.api.admissionregistration.v1');
const apiextensions = inGroup('apiextensions.k8s.io', 'v1', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1');
const apiregistration = inGroup('apiregistration.k8s.io', 'v1', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1');
const node = inGroup('node.k8s.io', 'v1', 'io.k8s.api.node.v1');
const resource = inGroup('resource.k8s.io', 'v1', 'io.k8s.api.resource.v1');
const scheduling = inGroup('scheduling.k8s.io', 'v1', 'io.k8s.api.scheduling.v1');
const storage = inGroup('storage.k8s.io', 'v1', 'io.k8s.api.storage.v1');
const extension = { cluster: true, categories: ['api-extensions'] };
const cluster = { cluster: true };

/** What configures the platform itself: admission, extension, devices, classes, storage. */
export const platformKinds: Kind[] = [
  admission('MutatingAdmissionPolicy', 'mutatingadmissionpolicies', { ...extension, storageVersion: 'v1beta1' }),
  admission('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings', { ...extension, storageVersion: 'v1beta1' }),
  admission('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', extension),
  admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies', { ...extension, status: true }),
  admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', extension),
  admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', extension),
  apiextensions('CustomResourceDefinition', 'customresourcedefinitions', {
    ...extension,
    short: ['crd', 'crds'],
    status: true,
    storageVersion: 'v1beta1',
  }),
  apiregistration('APIService', 'apiservices', { ...extension, status: true }),
  node('RuntimeClass', 'runtimeclasses', cluster),
  resource('DeviceClass', 'deviceclasses', cluster),
  resource('ResourceClaim', 'resourceclaims', { status: true }),
  resource('ResourceClaimTemplate', 'resourceclaimtemplates'),
  resource('ResourceSlice', 'resourceslices', cluster),
  scheduling('PriorityClass', 'priorityclasses', { rules: priorityClassRules, cluster: true, short: ['pc'] }),
  storage('CSIDriver', 'csidrivers', cluster),
  storage('CSINode', 'csinodes', cluster),
  storage('CSIStorageCapacity', 'csistoragecapacities'),
  storage('StorageClass', 'storageclasses', { cluster: true, short: ['sc'] }),
  storage('VolumeAttachment', 'volumeattachments', { cluster: true, status: true }),
  storage('VolumeAttributesClass', 'volumeattributesclasses', { cluster: true, short: ['vac'] }),
];
