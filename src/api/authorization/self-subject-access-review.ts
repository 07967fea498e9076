import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** SelfSubjectAccessReview (registry/authorization/selfsubjectaccessreview): it is answered, never stored. */
export const SelfSubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  resource: 'selfsubjectaccessreviews',
  namespaced: false,
  schema: goSchema('io.k8s.api.authorization.v1.SelfSubjectAccessReview'),
  verbs: CREATE_ONLY,
});
