import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** SelfSubjectRulesReview (registry/authorization/selfsubjectrulesreview): it is answered, never stored. */
export const SelfSubjectRulesReview = defineKind({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  resource: 'selfsubjectrulesreviews',
  namespaced: false,
  schema: goSchema('io.k8s.api.authorization.v1.SelfSubjectRulesReview'),
  verbs: CREATE_ONLY,
});
