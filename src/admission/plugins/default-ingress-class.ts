import type { Plugin } from '../plugin.ts';
import { defaultClassOf } from './default-class.ts';

/** DefaultIngressClass: an Ingress that names no class gets the default one. */
export const defaultIngressClass: Plugin = {
  name: 'DefaultIngressClass',
  operations: ['CREATE'],
  resources: ['networking.k8s.io/ingresses'],
  mutate({ object, subresource }, cluster) {
    if (!object || subresource || object.spec?.ingressClassName !== undefined) return;
    if (object.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
    const found = defaultClassOf(cluster, 'networking.k8s.io/ingressclasses', ['ingressclass.kubernetes.io/is-default-class']);
    if (found) object.spec = { ...object.spec, ingressClassName: found.metadata.name };
  },
};
