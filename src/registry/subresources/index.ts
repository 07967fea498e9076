import { type Resource, resourceOf } from '../../api/machinery/define-kind.ts';
import { badRequest } from '../../api/machinery/status-errors.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { PostScope } from '../write-scope.ts';
import type { SubresourceAnswer } from './answer.ts';
import { bind } from './binding.ts';
import { evict } from './eviction.ts';
import { requestToken } from './token.ts';

const POSTS: Readonly<Record<Resource, (scope: PostScope, sent: KubeObject) => SubresourceAnswer>> = {
  'pods/binding': bind,
  'pods/eviction': evict,
  'serviceaccounts/token': requestToken,
};

/** POST to a subresource: what is sent is acted upon, and stored nowhere itself. */
export function post(scope: PostScope, sent: KubeObject): SubresourceAnswer {
  const { kind, options } = scope;
  const act = POSTS[`${resourceOf(kind)}/${options.subresource}`];
  if (!act) throw badRequest(`nothing can be created at the subresource ${options.subresource} of ${kind.resource}`);
  return act(scope, sent);
}
