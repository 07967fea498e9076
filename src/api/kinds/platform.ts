import { rules as volumeAttributesClassRules } from '../storage/volume-attributes-class.ts';
import { rules as volumeAttachmentRules } from '../storage/volume-attachment.ts';
import { rules as storageClassRules } from '../storage/storage-class.ts';
import { rules as csiStorageCapacityRules } from '../storage/csi-storage-capacity.ts';
import { rules as csiNodeRules } from '../storage/csi-node.ts';
import { rules as csiDriverRules } from '../storage/csi-driver.ts';
import { rules as resourceSliceRules } from '../resource/resource-slice.ts';
import { rules as resourceClaimTemplateRules } from '../resource/resource-claim-template.ts';
import { rules as resourceClaimRules } from '../resource/resource-claim.ts';
import { rules as deviceClassRules } from '../resource/device-class.ts';
import { rules as runtimeClassRules } from '../node/runtime-class.ts';
import { rules as apiServiceRules } from '../apiregistration/api-service.ts';
import { rules as customResourceDefinitionRules } from '../apiextensions/custom-resource-definition.ts';
import { rules as validatingWebhookConfigurationRules } from '../admissionregistration/validating-webhook-configuration.ts';
import { rules as validatingAdmissionPolicyBindingRules } from '../admissionregistration/validating-admission-policy-binding.ts';
import { rules as validatingAdmissionPolicyRules } from '../admissionregistration/validating-admission-policy.ts';
import { rules as mutatingWebhookConfigurationRules } from '../admissionregistration/mutating-webhook-configuration.ts';
import { rules as mutatingAdmissionPolicyBindingRules } from '../admissionregistration/mutating-admission-policy-binding.ts';
import { rules as mutatingAdmissionPolicyRules } from '../admissionregistration/mutating-admission-policy.ts';
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
  admission('MutatingAdmissionPolicy', 'mutatingadmissionpolicies', {
    rules: mutatingAdmissionPolicyRules,
    ...extension,
    storageVersion: 'v1beta1',
  }),
  admission('MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings', {
    rules: mutatingAdmissionPolicyBindingRules,
    ...extension,
    storageVersion: 'v1beta1',
  }),
  admission('MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', {
    ...extension,
    rules: mutatingWebhookConfigurationRules,
  }),
  admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies', {
    rules: validatingAdmissionPolicyRules,
    ...extension,
    status: true,
  }),
  admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', {
    ...extension,
    rules: validatingAdmissionPolicyBindingRules,
  }),
  admission('ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', {
    ...extension,
    rules: validatingWebhookConfigurationRules,
  }),
  apiextensions('CustomResourceDefinition', 'customresourcedefinitions', {
    rules: customResourceDefinitionRules,
    ...extension,
    short: ['crd', 'crds'],
    status: true,
    storageVersion: 'v1beta1',
  }),
  apiregistration('APIService', 'apiservices', { rules: apiServiceRules, ...extension, status: true }),
  node('RuntimeClass', 'runtimeclasses', { ...cluster, rules: runtimeClassRules }),
  resource('DeviceClass', 'deviceclasses', { ...cluster, rules: deviceClassRules }),
  resource('ResourceClaim', 'resourceclaims', { rules: resourceClaimRules, status: true }),
  resource('ResourceClaimTemplate', 'resourceclaimtemplates', { rules: resourceClaimTemplateRules }),
  resource('ResourceSlice', 'resourceslices', { ...cluster, rules: resourceSliceRules }),
  scheduling('PriorityClass', 'priorityclasses', { rules: priorityClassRules, cluster: true, short: ['pc'] }),
  storage('CSIDriver', 'csidrivers', { ...cluster, rules: csiDriverRules }),
  storage('CSINode', 'csinodes', { ...cluster, rules: csiNodeRules }),
  storage('CSIStorageCapacity', 'csistoragecapacities', { rules: csiStorageCapacityRules }),
  storage('StorageClass', 'storageclasses', { rules: storageClassRules, cluster: true, short: ['sc'] }),
  storage('VolumeAttachment', 'volumeattachments', { rules: volumeAttachmentRules, cluster: true, status: true }),
  storage('VolumeAttributesClass', 'volumeattributesclasses', {
    rules: volumeAttributesClassRules,
    cluster: true,
    short: ['vac'],
  }),
];
