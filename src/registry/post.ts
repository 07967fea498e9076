import type { Kind, PostRequest } from '../api/machinery/define-kind.ts';
import { jsonText } from '../api/machinery/numerals.ts';
import { badRequest, internalError, invalidError } from '../api/machinery/status-errors.ts';
import { subresourceOf } from '../api/machinery/subresources.ts';
import type { KubeObject } from '../lib/json.ts';
import { admitSent } from './admit.ts';
import { validateDeleteOptions } from './deletion.ts';
import type { DeleteRequest, WriteResult } from './options.ts';
import * as pipeline from './pipeline.ts';
import { openScope, type PostScope } from './write-scope.ts';

/** POST to a subresource: the kind handles the object sent, which is not stored itself. */
export function post(scope: PostScope, sent: KubeObject): WriteResult {
  const { kind, options, warnings } = scope;
  const act = subresourceOf(kind, options.subresource as string)?.post;
  if (!act) throw badRequest(`nothing can be created at the subresource ${options.subresource} of ${kind.resource}`);
  const answer = act(sent, requestOf(scope, sent));
  return { json: jsonText(answer), object: answer as KubeObject, created: true, warnings };
}

function requestOf(scope: PostScope, sent: KubeObject): PostRequest {
  const { kernel, ports, kind, namespace, options, annotate } = scope;
  const { now, name, user, dryRun = false } = options;
  return {
    namespace,
    name,
    now,
    dryRun,
    get: (resource, space, of) => kernel.view.get(resource, space, of),
    list: (resource, space) => kernel.view.list(resource, space),
    admit: () => admitSent(scope, sent),
    store(resource, next, old) {
      const stored: Kind | undefined = kernel.kinds.byResource(resource);
      if (!stored) throw internalError(`the cluster does not serve ${resource}`);
      if (!dryRun) kernel.append(stored, next, old, Number(old.metadata.resourceVersion));
    },
    delete(sentOptions) {
      const errors = validateDeleteOptions(sentOptions);
      if (errors.length) throw invalidError('meta.k8s.io', 'DeleteOptions', '', errors);
      const request: DeleteRequest = { ...sentOptions, namespace, name: name as string, user, now };
      pipeline.remove(openScope(kernel, ports, kind, request));
    },
    tokens: ports.tokens,
    annotate,
  };
}
