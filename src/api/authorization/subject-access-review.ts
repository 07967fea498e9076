import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** SubjectAccessReview (registry/authorization/subjectaccessreview): it is answered, never stored. */
export const SubjectAccessReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  resource: 'subjectaccessreviews',
  namespaced: false,
  schema: goSchema('io.k8s.api.authorization.v1.SubjectAccessReview'),
  verbs: CREATE_ONLY,
});
