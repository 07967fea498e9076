import { clone, type KubeObject, type Obj } from '../../../lib/json.ts';
import type { PostRequest } from '../../machinery/define-kind.ts';
import { errorBody, type FieldError, notSupported, required } from '../../machinery/field-errors.ts';
import { aggregateText } from '../../machinery/go-text.ts';
import { badRequest, conflict, failure, notFoundError } from '../../machinery/status-errors.ts';
import { updatePodCondition } from './conditions.ts';

const PODS = { group: '', resource: 'pods' };

/** The Status that answers a subresource without an object of its own. */
export const SUCCESS: Obj = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** POST pods/NAME/binding: gives a pod its node, once (core/pod/storage BindingREST). */
export function bind(binding: KubeObject, request: PostRequest): Obj {
  const { metadata = {} as KubeObject['metadata'], target = {} } = binding;
  const { namespace, now, name = metadata.name } = request;
  if (name !== metadata.name) throw badRequest('name in URL does not match name in Binding object');
  const errors = validateTarget(target);
  // Upstream throws the aggregate as it is, which makes a 500 of it.
  if (errors.length) throw failure(500, '', aggregateText(errors.map((e) => `${e.field}: ${errorBody(e)}`)));
  const live = request.get('pods', namespace, name);
  if (!live) throw notFoundError(PODS, name);
  request.admit();
  const what = { group: '', resource: 'pods/binding' };
  checkPreconditions(live, metadata, namespace);
  if (live.metadata.deletionTimestamp) throw conflict(what, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (live.spec.nodeName)
    throw conflict(what, name, `pod ${name} is already assigned to node ${JSON.stringify(live.spec.nodeName)}`);
  if (live.spec.schedulingGates?.length) throw conflict(what, name, `pod ${name} has non-empty .spec.schedulingGates`);
  request.store('pods', assigned(live, target.name, metadata, now), live);
  return SUCCESS;
}

function validateTarget(target: Obj): FieldError[] {
  const errors: FieldError[] = [];
  if (target.kind && target.kind !== 'Node') errors.push(notSupported('target.kind', target.kind, ['Node', '<empty>']));
  if (!target.name) errors.push(required('target.name'));
  return errors;
}

function checkPreconditions(live: KubeObject, { uid, resourceVersion }: Obj, namespace: string): void {
  const { name } = live.metadata;
  const fail = (what: string) => {
    const key = `/registry/pods/${namespace}/${name}`;
    return conflict(
      PODS,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${what}`,
    );
  };
  if (uid && uid !== live.metadata.uid) {
    throw fail(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`);
  }
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) {
    const versions = `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${live.metadata.resourceVersion}`;
    throw fail(`Precondition failed: ${versions}`);
  }
}

function assigned(live: KubeObject, node: string, { labels, annotations }: Obj, now: number): KubeObject {
  const pod: KubeObject = {
    ...live,
    metadata: { ...live.metadata },
    spec: { ...live.spec, nodeName: node },
    status: clone(live.status ?? {}),
  };
  delete pod.status.nominatedNodeName;
  if (annotations) pod.metadata.annotations = { ...live.metadata.annotations, ...annotations };
  if (labels) pod.metadata.labels = { ...live.metadata.labels, ...labels };
  pod.status.conditions = updatePodCondition(pod.status.conditions, { type: 'PodScheduled', status: 'True' }, now);
  return pod;
}
