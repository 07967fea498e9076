import { annotated, annotation, BETA_STORAGE_PROVISIONER, STORAGE_PROVISIONER } from '../../api/core/volume/binding.ts';
import { classOf } from '../../api/core/volume/persistent-volume-claim.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { changedAt, type Speaker } from '../shared/said.ts';
import { updateClaim } from './bind.ts';
import { csiNameOf, IN_TREE, MIGRATED_TO } from './migration.ts';
import { CLASSES } from './resources.ts';

/** The only in-tree driver that provisions, and does so only where a test switched it on. */
const HOST_PATH = 'kubernetes.io/host-path';

/** Asks for a volume: from the class's provisioner outside, which an annotation calls, or says why none will come (provisionClaim). */
export function provision(claim: KubeObject, view: View, speaker: Speaker): Action[] {
  const name = classOf(claim);
  const found = view.get(CLASSES, '', name);
  const since = Math.max(changedAt(claim), found ? changedAt(found) : 0);
  const failed = (why: string) => speaker.say(claim, 'Warning', 'ProvisioningFailed', why, since);
  if (!found) return failed(`storageclass.storage.k8s.io "${name}" not found`);
  const provisioner: string = found.provisioner ?? '';
  const csiName = csiNameOf(provisioner);
  if (provisioner.startsWith(IN_TREE) && !csiName) {
    if (provisioner !== HOST_PATH) return failed(`no volume plugin matched name: ${provisioner}`);
    if (claim.spec.dataSource)
      return failed(`plugin "${HOST_PATH}" is not a CSI plugin. Only CSI plugin can provision a claim with a datasource`);
    if (annotation(claim, STORAGE_PROVISIONER) !== provisioner) return [called(claim, provisioner)];
    return failed(`Failed to create provisioner: provisioning in volume plugin "${HOST_PATH}" is disabled`);
  }
  return external(claim, csiName ?? provisioner, speaker, since);
}

/** provisionClaimOperationExternal. */
function external(claim: KubeObject, provisioner: string, speaker: Speaker, since: number): Action[] {
  const isCalled = annotation(claim, STORAGE_PROVISIONER) === provisioner;
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. ` +
    'If volume creation is delayed, please verify that the provisioner is running and correctly registered.';
  return [
    ...(isCalled ? [] : [called(claim, provisioner)]),
    ...speaker.say(claim, 'Normal', 'ExternalProvisioning', message, since),
  ];
}

/** Writes who is to provision (setClaimProvisioner). */
function called(claim: KubeObject, provisioner: string): Action {
  const csiName = csiNameOf(provisioner);
  const annotations = { [BETA_STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER]: provisioner };
  return updateClaim(annotated(claim, { ...annotations, ...(csiName && { [MIGRATED_TO]: csiName }) }));
}
