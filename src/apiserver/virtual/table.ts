import { type Kind, resourceOf } from '../../api/machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Call, Deps } from '../call.ts';
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from './access-review.ts';
import { selfSubjectRulesReview } from './rules-review.ts';
import { selfSubjectReview, tokenReview } from './token-review.ts';

/** Answers an object that is never stored: the same object with its status. */
export type Review = (object: KubeObject, call: Call, deps: Deps) => KubeObject;

const REVIEWS: Record<string, Review> = {
  'authentication.k8s.io/selfsubjectreviews': selfSubjectReview,
  'authentication.k8s.io/tokenreviews': tokenReview,
  'authorization.k8s.io/localsubjectaccessreviews': localSubjectAccessReview,
  'authorization.k8s.io/selfsubjectaccessreviews': selfSubjectAccessReview,
  'authorization.k8s.io/selfsubjectrulesreviews': selfSubjectRulesReview,
  'authorization.k8s.io/subjectaccessreviews': subjectAccessReview,
};

/** The review that a kind is, if it is one. */
export const reviewOf = (kind: Kind): Review | undefined => REVIEWS[resourceOf(kind)];
