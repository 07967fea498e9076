import type { KubeObject, Obj } from '../../lib/json.ts';
import { checkIP, each, sortedUnique } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { ipWarnings, parseIP } from '../machinery/ip.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { isDns1123Subdomain, isWildcardDns1123Subdomain } from '../machinery/names.ts';
import { checkBackend } from './ingress-backend.ts';
import { ingressFromStored, ingressToStored } from './convert-ingress.ts';

/** Ingress (registry/networking/ingress/strategy.go, networking/validation). */

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const SUFFIXES = ['/..', '/.'];

const hostProblems = (host: string): string[] =>
  host.includes('*') ? isWildcardDns1123Subdomain(host) : isDns1123Subdomain(host);

function checkPath(rule: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type: string | undefined = rule.pathType ?? undefined;
  const text: string = rule.path ?? '';
  if (type === undefined) return [required(`${path}.pathType`, 'pathType must be specified')];
  const wrong = (detail: string) => errors.push(invalid(`${path}.path`, text, detail));
  if (type === 'Exact' || type === 'Prefix') {
    if (!text.startsWith('/')) wrong('must be an absolute path');
    for (const sequence of SEQUENCES) if (text.includes(sequence)) wrong(`must not contain '${sequence}'`);
    for (const suffix of SUFFIXES) if (text.endsWith(suffix)) wrong(`cannot end with '${suffix}'`);
  } else if (type === 'ImplementationSpecific') {
    if (text && !text.startsWith('/')) wrong('must be an absolute path');
  } else errors.push(notSupported(`${path}.pathType`, type, PATH_TYPES));
  return [...errors, ...checkBackend(rule.backend ?? {}, `${path}.backend`)];
}

function checkPaths(rule: Obj, path: string): FieldError[] {
  if (!rule.http) return [];
  const paths: Obj[] = rule.http.paths ?? [];
  if (!paths.length) return [required(`${path}.http.paths`)];
  return paths.flatMap((p, i) => checkPath(p, `${path}.http.paths[${i}]`));
}

function checkRule(rule: Obj, path: string, laxWildcards: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const host: string = rule.host ?? '';
  if (host) {
    if (parseIP(host)) errors.push(invalid(`${path}.host`, host, 'must be a DNS name, not an IP address'));
    errors.push(...each(`${path}.host`, host, hostProblems(host)));
  }
  return host.includes('*') && laxWildcards ? errors : [...errors, ...checkPaths(rule, path)];
}

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const spec: Obj = object.spec ?? {};
  const rules: Obj[] = spec.rules ?? [];
  const errors: FieldError[] = [];
  if (!rules.length && !spec.defaultBackend) {
    errors.push(invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (spec.defaultBackend) errors.push(...checkBackend(spec.defaultBackend, 'spec.defaultBackend'));
  const before: Obj[] = old?.spec?.rules ?? [];
  const laxWildcards = before.some((r) => r.host?.includes('*') && checkPaths(r, '').length > 0);
  rules.forEach((rule, i) => errors.push(...checkRule(rule, `spec.rules[${i}]`, laxWildcards)));
  const laxSecrets = (old?.spec?.tls ?? []).some((t: Obj) => t.secretName && isDns1123Subdomain(t.secretName).length > 0);
  (spec.tls ?? []).forEach((tls: Obj, i: number) => {
    const path = `spec.tls[${i}]`;
    (tls.hosts ?? []).forEach((host: string, j: number) => errors.push(...each(`${path}.hosts[${j}]`, host, hostProblems(host))));
    const secret = tls.secretName;
    if (secret && !laxSecrets) errors.push(...each(`${path}.secretName`, secret, isDns1123Subdomain(secret)));
  });
  const className = spec.ingressClassName;
  if (className !== undefined) errors.push(...each('spec.ingressClassName', className, isDns1123Subdomain(className)));
  return errors;
}

function validateCreate(object: KubeObject): FieldError[] {
  const errors = validate(object);
  const annotation = object.metadata.annotations?.[CLASS_ANNOTATION];
  const className = object.spec?.ingressClassName;
  if (annotation !== undefined && className !== undefined && annotation !== className) {
    const detail = 'must match `ingressClassName` when both are specified';
    errors.push(invalid(`annotations.${CLASS_ANNOTATION}`, annotation, detail));
  }
  return errors;
}

function validateStatus(object: KubeObject, old: KubeObject): FieldError[] {
  const existing: string[] = (old.status?.loadBalancer?.ingress ?? []).map((i: Obj) => i.ip).filter(Boolean);
  const errors: FieldError[] = [];
  (object.status?.loadBalancer?.ingress ?? []).forEach((point: Obj, i: number) => {
    const path = `status.loadBalancer.ingress[${i}]`;
    if (point.ip) errors.push(...checkIP(point.ip, `${path}.ip`, existing));
    if (!point.hostname) return;
    errors.push(...each(`${path}.hostname`, point.hostname, isDns1123Subdomain(point.hostname)));
    if (parseIP(point.hostname))
      errors.push(invalid(`${path}.hostname`, point.hostname, 'must be a DNS name, not an IP address'));
  });
  return errors;
}

function warnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const out: string[] = [];
  if (!old && object.metadata.annotations?.[CLASS_ANNOTATION] !== undefined) {
    out.push(`annotation ${JSON.stringify(CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`);
  }
  (object.status?.loadBalancer?.ingress ?? []).forEach((point: Obj, i: number) => {
    if (point.ip && old) out.push(...ipWarnings(`status.loadBalancer.ingress[${i}].ip`, point.ip));
  });
  return out;
}

const SHOWN = 3;

function hosts(object: KubeObject): string {
  const rules: Obj[] = object.spec?.rules ?? [];
  const list = rules.slice(0, SHOWN).flatMap((rule) => rule.host || []);
  // Rules without a host are passed over, and later ones fill their place.
  for (const rule of rules.slice(SHOWN)) if (list.length < SHOWN && rule.host) list.push(rule.host);
  if (!list.length) return '*';
  const rest = rules.length - SHOWN;
  return list.length === SHOWN && rest > 0 ? `${list.join(',')} + ${rest} more...` : list.join(',');
}

function address(object: KubeObject): string {
  const points: Obj[] = object.status?.loadBalancer?.ingress ?? [];
  return sortedUnique(points.map((p) => p.ip || p.hostname).filter(Boolean)).join(',');
}

export const Ingress = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  resource: 'ingresses',
  namespaced: true,
  schema: goSchema('io.k8s.api.networking.v1.Ingress'),
  shortNames: ['ing'],
  status: true,
  versions: [
    droppedVersion('extensions/v1beta1 Ingress', 'networking.k8s.io/v1 Ingress', 14, 22, {
      toStored: ingressToStored,
      fromStored: ingressFromStored,
    }),
    droppedVersion('networking.k8s.io/v1beta1 Ingress', 'networking.k8s.io/v1 Ingress', 19, 22, {
      toStored: ingressToStored,
      fromStored: ingressFromStored,
    }),
  ],
  storagePrefix: 'ingress',
  countsGenerations: true,
  validateCreate,
  validateUpdate: (object, old) => [
    ...validateObjectMeta(object.metadata, true, undefined, 'metadata'),
    ...validate(object, old),
  ],
  validateStatus,
  warnings,
  columns: columnsOf(
    'networking.k8s.io/ingresses',
    nameCell,
    (object) => object.spec?.ingressClassName ?? '<none>',
    hosts,
    address,
    (object) => (object.spec?.tls?.length ? '80, 443' : '80'),
    ageCell,
  ),
});
