import {
  annotation,
  BUILT_IN_PROVISIONER,
  PROVISIONED_BY,
  requestOf,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  withoutAnnotations,
} from '../../api/core/volume/binding.ts';
import { classOf } from '../../api/core/volume/persistent-volume-claim.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { Speaker } from '../shared/said.ts';

export const CLAIMS = 'persistentvolumeclaims';
export const VOLUMES = 'persistentvolumes';
const CLASSES = 'storage.k8s.io/storageclasses';
const FAILED = 'ProvisioningFailed';

export const volumeName = (claim: KubeObject): string => `pvc-${claim.metadata.uid}`;

/** The class of a claim whose volume is to be made here and now (shouldProvision). */
export function classToProvision(claim: KubeObject, view: View): KubeObject | undefined {
  if (claim.spec?.volumeName || annotation(claim, STORAGE_PROVISIONER) !== BUILT_IN_PROVISIONER) return undefined;
  const found = view.get(CLASSES, '', classOf(claim));
  if (found?.provisioner !== BUILT_IN_PROVISIONER) return undefined;
  if (found.volumeBindingMode === 'WaitForFirstConsumer' && annotation(claim, SELECTED_NODE) === undefined) return undefined;
  return view.get(VOLUMES, '', volumeName(claim)) ? undefined : found;
}

/** Makes the volume of a claim, or says why not. */
export function provision(claim: KubeObject, storageClass: KubeObject, view: View, now: number): Action[] {
  const speaker = new Speaker(view, BUILT_IN_PROVISIONER, now);
  const warn = (message: string) => speaker.say(claim, 'Warning', FAILED, message);
  const why = unsupported(claim);
  if (why) return warn(`failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`);
  const selected = annotation(claim, SELECTED_NODE);
  const node = selected === undefined ? undefined : view.get('nodes', '', selected);
  if (selected !== undefined && !node) {
    // The scheduler chooses another.
    const again: Action = { verb: 'update', resource: CLAIMS, object: withoutAnnotations(claim, SELECTED_NODE) };
    return [again, ...warn(`failed to get target node: node "${selected}" not found`)];
  }
  const { namespace, name } = claim.metadata;
  const say = (reason: string, message: string) => eventFor(BUILT_IN_PROVISIONER, claim, 'Normal', reason, message);
  return [
    say('Provisioning', `External provisioner is provisioning volume for claim "${namespace}/${name}"`),
    { verb: 'create', resource: VOLUMES, object: volumeFor(claim, storageClass, node) },
    say('ProvisioningSucceeded', `Successfully provisioned volume ${volumeName(claim)}`),
  ];
}

/** What the API server refused of a volume, as an Event. */
export const refusedVolume = (claim: KubeObject, message: string): Action =>
  eventFor(
    BUILT_IN_PROVISIONER,
    claim,
    'Warning',
    FAILED,
    `Error creating provisioned PV object for claim ${claim.metadata.namespace}/${claim.metadata.name}: ${message}`,
  );

function unsupported({ spec }: KubeObject): string | undefined {
  if (spec.selector) return 'claim Selector is not supported';
  return spec.dataSource || spec.dataSourceRef ? 'claim with a data source is not supported' : undefined;
}

function volumeFor(claim: KubeObject, storageClass: KubeObject, node: KubeObject | undefined): Obj {
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const { reclaimPolicy = 'Delete', mountOptions } = storageClass;
  const own = volumeName(claim);
  const nodeAffinity = affinity(storageClass, node);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: own, annotations: { [PROVISIONED_BY]: BUILT_IN_PROVISIONER } },
    spec: {
      accessModes: claim.spec.accessModes,
      capacity: { storage: requestOf(claim) },
      claimRef: { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion },
      hostPath: { path: `/var/lib/atoll/volumes/${own}_${namespace}_${name}`, type: 'DirectoryOrCreate' },
      ...(mountOptions?.length && { mountOptions }),
      ...(nodeAffinity && { nodeAffinity }),
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      ...(claim.spec.volumeMode && { volumeMode: claim.spec.volumeMode }),
      ...(claim.spec.volumeAttributesClassName && { volumeAttributesClassName: claim.spec.volumeAttributesClassName }),
    },
  };
}

/** Where the volume can be used: on the node of its first consumer, or in the topologies of its class, or everywhere. */
function affinity({ allowedTopologies }: KubeObject, node: KubeObject | undefined): Obj | undefined {
  if (node) {
    const values = [node.metadata.labels?.['kubernetes.io/hostname'] ?? node.metadata.name];
    return {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }] },
    };
  }
  if (!allowedTopologies?.length) return undefined;
  const nodeSelectorTerms = allowedTopologies.map(({ matchLabelExpressions = [] }: Obj) => ({
    matchExpressions: matchLabelExpressions.map(({ key, values }: Obj) => ({ key, operator: 'In', values })),
  }));
  return { required: { nodeSelectorTerms } };
}
