import { ownProperty } from '../../lib/own-property.ts';
import type { Answer } from '../messages.ts';
import { pageNotFound, text } from '../respond.ts';

/** The checks that a 1.36 server runs, in its order. There is one process here: if it answers, all are healthy. */
const START = ['ping', 'log'];
const HOOKS = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'peer-endpoint-reconciler-controller',
  'start-cluster-authentication-info-controller',
  'start-kube-apiserver-identity-lease-controller',
  'start-kube-apiserver-identity-lease-garbage-collector',
  'storage-readiness',
  'start-legacy-token-tracking-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kubernetes-service-cidr-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
].map((name) => `poststarthook/${name}`);
const END = [
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
];
const LIVE = [...START, 'loopback-serving-certificate', 'etcd', ...HOOKS, ...END];

/** Path -> checks. */
export const HEALTH_CHECKS: Record<string, readonly string[]> = {
  healthz: LIVE,
  livez: LIVE,
  readyz: [...START, 'etcd', 'etcd-readiness', 'informer-sync', ...HOOKS, ...END, 'shutdown'],
};

/** /healthz, /livez, /readyz and their single checks (apiserver pkg/server/healthz); undefined for other paths. */
export function health(path: string, query: URLSearchParams): Answer | undefined {
  const [, root = '', ...rest] = path.split('/');
  const checks = ownProperty(HEALTH_CHECKS, root);
  if (!checks) return undefined;
  const check = rest.join('/');
  if (rest.length) return checks.includes(check) ? plain('ok') : pageNotFound();
  if (!query.has('verbose')) return plain('ok');
  const excluded = query.getAll('exclude');
  const lines = checks.map(
    (name) => `[+]${name}${excluded.includes(name) ? ' excluded' : ''}${excluded.includes(name) ? ': ok' : ' ok'}`,
  );
  const unknown = excluded.filter((name) => !checks.includes(name));
  if (unknown.length) {
    lines.push(
      `warn: some health checks cannot be excluded: no matches for ${unknown.map((name) => JSON.stringify(name)).join(',')}`,
    );
  }
  return text(200, `${lines.join('\n')}\n${root} check passed\n`);
}

const plain = (body: string): Answer => ({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body });
