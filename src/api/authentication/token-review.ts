import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** TokenReview (registry/authentication/tokenreview): it is answered, never stored. */
export const TokenReview = defineKind({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  resource: 'tokenreviews',
  namespaced: false,
  schema: goSchema('io.k8s.api.authentication.v1.TokenReview'),
  verbs: CREATE_ONLY,
});
