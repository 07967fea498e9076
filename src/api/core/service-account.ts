import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { taken } from '../machinery/subresources.ts';
import { requestToken } from './service-account-token.ts';

/** ServiceAccount (registry/core/serviceaccount/strategy.go). */

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';

/** Keeps only the names of references to secrets. */
function cleanSecrets(object: KubeObject): void {
  if (object.secrets) object.secrets = object.secrets.map((s: { name?: string }) => (s.name ? { name: s.name } : {}));
}

export const ServiceAccount = defineKind({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  resource: 'serviceaccounts',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.ServiceAccount'),
  shortNames: ['sa'],
  subresources: {
    token: {
      takes: taken('authentication.k8s.io', 'v1', 'TokenRequest', 'authentication'),
      verbs: CREATE_ONLY,
      post: requestToken,
    },
  },
  returnsDeleted: true,
  prepareCreate: cleanSecrets,
  prepareUpdate: cleanSecrets,
  validateUpdate: (object) => validateObjectMeta(object.metadata, true, undefined, 'metadata'),
  warnings(object, old) {
    const has = (o: KubeObject | undefined) => o?.metadata.annotations?.[MOUNTABLE] !== undefined;
    if (has(old) || !has(object)) return [];
    const instead = 'prefer separate namespaces to isolate access to mounted secrets';
    return [`metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; ${instead}`];
  },
  columns: columnsOf('serviceaccounts', nameCell, ageCell),
});
