import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** LocalSubjectAccessReview (registry/authorization/localsubjectaccessreview): it is answered, never stored. */
export const LocalSubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  resource: 'localsubjectaccessreviews',
  namespaced: true,
  schema: goSchema('io.k8s.api.authorization.v1.LocalSubjectAccessReview'),
  verbs: CREATE_ONLY,
});
