import { CREATE_ONLY, defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** Binding (registry/core/pod/storage BindingREST): creating one is creating it at a pod. */
export const Binding = defineKind({
  group: '',
  version: 'v1',
  kind: 'Binding',
  resource: 'bindings',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.Binding'),
  verbs: CREATE_ONLY,
  createsAt: { resource: 'pods', subresource: 'binding' },
});
