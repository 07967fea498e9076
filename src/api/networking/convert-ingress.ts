import type { Obj } from '../../lib/json.ts';

/** v1beta1 wrote {serviceName, servicePort}, v1 writes {service: {name, port: {number | name}}}. */
function backendToStored(backend: Obj): Obj {
  const { serviceName, servicePort, ...rest } = backend;
  if (serviceName === undefined && servicePort === undefined) return rest;
  const port = typeof servicePort === 'number' ? { number: servicePort } : servicePort ? { name: servicePort } : {};
  return { ...rest, service: { name: serviceName ?? '', port } };
}

function backendFromStored(backend: Obj): Obj {
  const { service, ...rest } = backend;
  if (!service) return rest;
  return { ...rest, serviceName: service.name, servicePort: service.port?.name || service.port?.number || 0 };
}

function mapPaths(rules: Obj[] | undefined, change: (path: Obj) => Obj): Obj[] | undefined {
  return rules?.map((rule) =>
    rule.http?.paths ? { ...rule, http: { ...rule.http, paths: rule.http.paths.map(change) } } : rule,
  );
}

/** v1beta1 Ingress (of extensions and of networking.k8s.io) to networking.k8s.io/v1, in place. */
export function ingressToStored(object: Obj): void {
  const { backend, ...spec } = object.spec ?? {};
  if (backend) spec.defaultBackend = backendToStored(backend);
  const rules = mapPaths(spec.rules, (path) => ({
    ...path,
    pathType: path.pathType ?? 'ImplementationSpecific',
    backend: backendToStored(path.backend ?? {}),
  }));
  if (rules) spec.rules = rules;
  object.spec = spec;
}

/** The way back, in place. */
export function ingressFromStored(object: Obj): void {
  const { defaultBackend, ...spec } = object.spec ?? {};
  if (defaultBackend) spec.backend = backendFromStored(defaultBackend);
  const rules = mapPaths(spec.rules, (path) => ({ ...path, backend: backendFromStored(path.backend ?? {}) }));
  if (rules) spec.rules = rules;
  object.spec = spec;
}
