import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** SelfSubjectReview (registry/authentication/selfsubjectreview): it is answered, never stored. */
export const SelfSubjectReview = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  resource: 'selfsubjectreviews',
  namespaced: false,
  schema: goSchema('io.k8s.api.authentication.v1.SelfSubjectReview'),
  verbs: CREATE_ONLY,
});
