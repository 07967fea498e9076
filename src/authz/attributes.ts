import type { UserInfo } from '../api/machinery/user.ts';

/** A request to an authorizer (apiserver authorization/authorizer.Attributes). */
export interface Attributes {
  user: UserInfo;
  verb: string;
  /** Resource requests. */
  group: string;
  version: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** Non-resource requests: `isResource` is false. */
  isResource: boolean;
  path: string;
}

export type Verdict = 'allow' | 'deny' | 'none';

export interface Decision {
  verdict: Verdict;
  /** In upstream's words; for an allow by RBAC the binding, for a refusal what could not be resolved. */
  reason: string;
}

/** Attributes of a resource request; those not given are empty. */
export function resourceAttributes(user: UserInfo, verb: string, more: Partial<Attributes>): Attributes {
  return {
    user,
    verb,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    isResource: true,
    path: '',
    ...more,
  };
}
