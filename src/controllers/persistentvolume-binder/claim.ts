import {
  annotation,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  hasClass,
  isBoundTo,
  mismatch,
  SELECTED_NODE,
} from '../../api/core/volume/binding.ts';
import { classOf } from '../../api/core/volume/persistent-volume-claim.ts';
import { DEFAULT_STORAGE_CLASS, newestDefault } from '../../api/storage/default-class.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { podsOfClaim } from '../shared/claim-pods.ts';
import { CONSUMER_NOTICE_MS } from '../limits.ts';
import { eventFor } from '../shared/events.ts';
import { isControlledBy } from '../shared/owners.ts';
import { isTerminal } from '../shared/pods.ts';
import { changedAt, createdAt, Speaker } from '../shared/said.ts';
import { bind, claimPhase, updateClaim } from './bind.ts';
import { bestMatch } from './match.ts';
import { migratedClaim } from './migration.ts';
import { provision } from './provision.ts';
import { CLASSES, COMPONENT, VOLUMES } from './resources.ts';

/** The next writes for a claim (syncClaim). */
export function syncClaim(claim: KubeObject, view: View, now: number): Action[] {
  const migrated = migratedClaim(claim);
  if (migrated !== claim) return [updateClaim(migrated)];
  return annotation(claim, BIND_COMPLETED) === undefined ? syncUnbound(claim, view, now) : syncBound(claim, view);
}

/** Whether the volume of a claim is chosen only when a pod that uses it is placed (IsDelayBindingMode). */
export const isDelayed = (claim: KubeObject, view: View): boolean =>
  view.get(CLASSES, '', classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer';

function syncUnbound(claim: KubeObject, view: View, now: number): Action[] {
  const speaker = new Speaker(view, COMPONENT, now);
  if (claim.spec?.volumeName) return syncNaming(claim, view, speaker);
  const delayed = isDelayed(claim, view);
  const volume = bestMatch(claim, delayed, view);
  if (volume) return bind(volume, claim);
  const fallback = hasClass(claim) ? undefined : newestDefault(view.list(CLASSES), DEFAULT_STORAGE_CLASS);
  if (fallback) return [updateClaim({ ...claim, spec: { ...claim.spec, storageClassName: fallback.metadata.name } })];
  const pending = claimPhase(claim, 'Pending');
  if (delayed && annotation(claim, SELECTED_NODE) === undefined)
    return [...waitForConsumer(claim, view, speaker, now), ...pending];
  if (classOf(claim)) return provision(claim, view, speaker);
  const why = 'no persistent volumes available for this claim and no storage class is set';
  return [...speaker.say(claim, 'Normal', 'FailedBinding', why), ...pending];
}

/** A pod that uses claims and has neither a node nor ended. */
export const waitsForNode = (pod: KubeObject): boolean => !pod.spec?.nodeName && !isTerminal(pod);

/** emitEventForUnboundDelayBindingClaim: pods that came with or after the claim are seen at the next resync, which upstream has every 15 s. */
function waitForConsumer(claim: KubeObject, view: View, speaker: Speaker, now: number): Action[] {
  const isKnown = (pod: KubeObject) => isControlledBy(claim, pod) || createdAt(pod) + CONSUMER_NOTICE_MS <= now;
  const users = podsOfClaim(view, claim.metadata.namespace, claim.metadata.name);
  const pods = users.filter((pod) => waitsForNode(pod) && (isKnown(pod) || createdAt(pod) < createdAt(claim)));
  const names = pods.map((pod) => pod.metadata.name);
  const since = Math.max(changedAt(claim), ...pods.map(createdAt));
  const say = (reason: string, message: string) => speaker.say(claim, 'Normal', reason, message, since);
  if (!names.length) return say('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return say('WaitForPodScheduled', `waiting for pod${names.length > 1 ? 's' : ''} ${names.join(',')} to be scheduled`);
}

/** A claim that names its volume and is not bound to it yet. */
function syncNaming(claim: KubeObject, view: View, speaker: Speaker): Action[] {
  const volume = view.get(VOLUMES, '', claim.spec.volumeName);
  const pending = claimPhase(claim, 'Pending');
  if (!volume) return pending;
  const { name } = volume.metadata;
  const since = Math.max(changedAt(claim), changedAt(volume));
  const warn = (reason: string, message: string) => speaker.say(claim, 'Warning', reason, message, since);
  if (!volume.spec?.claimRef) {
    const why = mismatch(volume, claim);
    if (!why) return bind(volume, claim);
    return [...warn('VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`), ...pending];
  }
  if (isBoundTo(volume, claim)) return bind(volume, claim);
  const taken = warn('FailedBinding', `volume "${name}" already bound to a different claim.`);
  return annotation(claim, BOUND_BY_CONTROLLER) === undefined ? [...taken, ...pending] : taken;
}

function syncBound(claim: KubeObject, view: View): Action[] {
  const { volumeName } = claim.spec ?? {};
  if (!volumeName)
    return lost(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  const volume = view.get(VOLUMES, '', volumeName);
  if (!volume) return lost(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const ref = volume.spec?.claimRef;
  if (!ref || ref.uid === claim.metadata.uid) return bind(volume, claim);
  return lost(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** The end of a claim (updateClaimStatusWithEvent). */
function lost(claim: KubeObject, reason: string, message: string): Action[] {
  if (claim.status?.phase === 'Lost') return [];
  return [...claimPhase(claim, 'Lost'), eventFor(COMPONENT, claim, 'Warning', reason, message)];
}
