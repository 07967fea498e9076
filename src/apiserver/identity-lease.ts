import { rfc3339Micro, parseTime } from '../api/machinery/time.ts';
import type { KubeObject } from '../lib/json.ts';
import { CONTINUE_TTL_MS } from '../registry/limits.ts';
import type { Registry } from '../registry/registry.ts';

const LEASES = 'coordination.k8s.io/leases';
const NAMESPACE = 'kube-system';
const NAME = 'apiserver-atoll';
const USER = { username: 'system:apiserver', groups: ['system:masters'] };

/**
 * The API server's own Lease (upstream renews it every ten seconds; here nothing ticks). It is renewed when a continue token has grown
 * too old, at most once per lifetime of a token: clients rely on a later revision than that of the list that they could not finish,
 * also where nobody else has written anything since.
 */
export function renewIdentity(registry: Registry, now: number): void {
  const kind = registry.kinds.byResource(LEASES);
  if (!kind) return;
  const live = registry.object(LEASES, NAMESPACE, NAME);
  const renewed = live?.spec?.renewTime ? parseTime(live.spec.renewTime) : undefined;
  if (renewed !== undefined && now - renewed <= CONTINUE_TTL_MS) return;
  const labels = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' };
  // A Lease is not updated without the version that was read.
  const { resourceVersion } = live?.metadata ?? {};
  const metadata = { name: NAME, namespace: NAMESPACE, labels, ...(resourceVersion && { resourceVersion }) };
  const spec = { holderIdentity: NAME, leaseDurationSeconds: 3600, renewTime: rfc3339Micro(now) };
  const lease = { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', metadata, spec };
  // A Lease is created by an update as well.
  registry.update(kind, lease as unknown as KubeObject, {
    namespace: NAMESPACE,
    name: NAME,
    user: USER,
    now,
    fieldManager: 'kube-apiserver',
  });
}
