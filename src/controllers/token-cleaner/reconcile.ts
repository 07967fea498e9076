import { BOOTSTRAP_NAMESPACE, BOOTSTRAP_TOKEN, bootstrapExpiry } from '../../api/core/token-secrets.ts';
import type { Controller } from '../../reconcile/plan.ts';

/** Deletes bootstrap tokens when they expire (pkg/controller/bootstrap/tokencleaner.go). */
export const tokenCleaner: Controller = {
  name: 'tokencleaner',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:token-cleaner',
  watches: [
    {
      resource: 'secrets',
      keys: ({ type, object: { type: sort, metadata } }) =>
        type !== 'DELETED' && sort === BOOTSTRAP_TOKEN && metadata.namespace === BOOTSTRAP_NAMESPACE
          ? [{ namespace: BOOTSTRAP_NAMESPACE, name: metadata.name }]
          : [],
    },
  ],
  reconcile: ({ namespace, name }, view, { now }) => {
    const secret = view.get('secrets', namespace, name);
    const end = secret?.type === BOOTSTRAP_TOKEN && !secret.metadata.deletionTimestamp ? bootstrapExpiry(secret) : undefined;
    if (!secret || end === undefined) return { actions: [] };
    if (now < end) return { actions: [], requeueAt: end };
    return { actions: [{ verb: 'delete', resource: 'secrets', namespace, name, uid: secret.metadata.uid }] };
  },
};
