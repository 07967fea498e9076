/** Defaults of containers (core/v1 SetDefaults_Container, _Probe, _HTTPGetAction, ...) and what Go's encoder would print for them. */
import type { Obj } from '../../../lib/json.ts';

/** A container of any sort (ephemeral ones too). Mutates. */
export function defaultContainer(container: Obj): void {
  if (!container.imagePullPolicy)
    container.imagePullPolicy = imageTag(container.image ?? '') === 'latest' ? 'Always' : 'IfNotPresent';
  if (!container.terminationMessagePath) container.terminationMessagePath = '/dev/termination-log';
  if (!container.terminationMessagePolicy) container.terminationMessagePolicy = 'File';
  if (container.ports) for (const port of container.ports) if (!port.protocol) port.protocol = 'TCP';
  if (container.env) for (const variable of container.env) defaultEnv(variable);
  container.resources ??= {};
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  const lifecycle = container.lifecycle;
  if (lifecycle) {
    defaultHttpGet(lifecycle.postStart?.httpGet);
    defaultHttpGet(lifecycle.preStop?.httpGet);
  }
}

function defaultEnv(variable: Obj): void {
  const from = variable.valueFrom;
  if (!from) return;
  if (from.fileKeyRef) from.fileKeyRef.optional ??= false;
  defaultFieldRefs(from);
}

/** fieldRef and resourceFieldRef, in environment variables and downward API files. */
export function defaultFieldRefs(holder: Obj): void {
  if (holder.fieldRef && !holder.fieldRef.apiVersion) holder.fieldRef.apiVersion = 'v1';
  if (holder.resourceFieldRef) holder.resourceFieldRef.divisor ??= '0';
}

function defaultProbe(probe: Obj | undefined): void {
  if (!probe) return;
  if (!probe.timeoutSeconds) probe.timeoutSeconds = 1;
  if (!probe.periodSeconds) probe.periodSeconds = 10;
  if (!probe.successThreshold) probe.successThreshold = 1;
  if (!probe.failureThreshold) probe.failureThreshold = 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHttpGet(action: Obj | undefined): void {
  if (!action) return;
  if (!action.path) action.path = '/';
  if (!action.scheme) action.scheme = 'HTTP';
}

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const PATH_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  `^((?:${DOMAIN}/)?${PATH_PART}(?:/${PATH_PART})*)(?::([\\w][\\w.-]{0,127}))?` +
    '(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$',
);
/** The usual case: no host, a plain name. */
const SIMPLE = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?::([\w][\w.-]{0,127}))?$/;
const DIGEST_LENGTH: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };
/** Longest name of a repository, host included. */
const MAX_NAME = 255;

/** The tag of an image reference as upstream parses it: "latest" when there is neither tag nor digest, '' for a digest or a broken reference. */
export function imageTag(image: string): string {
  if (image.length < 64) {
    const simple = SIMPLE.exec(image);
    if (simple) return simple[1] ?? 'latest';
  }
  if (image.length > 1024 || /^[a-f0-9]{64}$/.test(image)) return '';
  const match = REFERENCE.exec(withDomain(image));
  if (!match || match[1].length > MAX_NAME) return '';
  if (match[3] && !isDigest(match[3])) return '';
  return match[2] ?? (match[3] ? '' : 'latest');
}

function isDigest(digest: string): boolean {
  const at = digest.indexOf(':');
  const hex = digest.slice(at + 1);
  return DIGEST_LENGTH[digest.slice(0, at)] === hex.length && !/[A-F]/.test(hex);
}

/** Upstream's short names live under docker.io/library (distribution/reference splitDockerDomain). */
function withDomain(image: string): string {
  const slash = image.indexOf('/');
  const first = image.slice(0, slash);
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  if (isHost) return image;
  return slash < 0 ? `docker.io/library/${image}` : `docker.io/${image}`;
}
