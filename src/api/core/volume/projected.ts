/** Volumes made of the cluster's own data: secrets, config maps, downward API, projections of all of these. */
import type { Obj } from '../../../lib/json.ts';
import { forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { validateFieldRef, validateResourceFieldRef } from '../pod/container-env.ts';
import { type Errors, fileMode, nonReservedPath, type PodOptions } from '../../machinery/spec-checks.ts';

const FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const DUPLICATE = 'conflicting duplicate paths';

function keyToPath(item: Obj, path: string, errors: Errors): void {
  if (!item.key) errors.push(required(`${path}.key`));
  if (!item.path) errors.push(required(`${path}.path`));
  nonReservedPath(errors, item.path ?? '', `${path}.path`);
  fileMode(errors, item.mode, `${path}.mode`);
}

function keyed(source: Obj, name: string, path: string, errors: Errors): void {
  if (!source[name]) errors.push(required(`${path}.${name}`));
  fileMode(errors, source.defaultMode, `${path}.defaultMode`);
  const items: Obj[] = source.items ?? [];
  for (let i = 0; i < items.length; i++) keyToPath(items[i], `${path}.items[${i}]`, errors);
}

export const secret = (source: Obj, path: string, errors: Errors): void => keyed(source, 'secretName', path, errors);
export const configMap = (source: Obj, path: string, errors: Errors): void => keyed(source, 'name', path, errors);

/** Upstream's paths leave out the index of the file. */
function downwardFile(file: Obj, path: string, errors: Errors): void {
  if (!file.path) errors.push(required(`${path}.path`));
  nonReservedPath(errors, file.path ?? '', `${path}.path`);
  if (file.fieldRef) {
    validateFieldRef(file.fieldRef, FIELDS, `${path}.fieldRef`, errors);
    if (file.resourceFieldRef) {
      errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    }
  } else if (file.resourceFieldRef) {
    validateResourceFieldRef(file.resourceFieldRef, `${path}.resourceFieldRef`, true, errors);
  } else {
    errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  }
  fileMode(errors, file.mode, `${path}.mode`);
}

export function downwardAPI(source: Obj, path: string, errors: Errors): void {
  fileMode(errors, source.defaultMode, `${path}.defaultMode`);
  for (const file of source.items ?? []) downwardFile(file, path, errors);
}

export function projected(source: Obj, path: string, errors: Errors, options: PodOptions): void {
  fileMode(errors, source.defaultMode, `${path}.defaultMode`);
  const paths = new Set<string>();
  const claim = (target: string, shown: string): void => {
    if (!target) return;
    if (paths.has(target)) errors.push(invalid(path, shown, DUPLICATE));
    else paths.add(target);
  };
  const sources: Obj[] = source.sources ?? [];
  for (let i = 0; i < sources.length; i++) {
    const at = `${path}.sources[${i}]`;
    const one = sources[i];
    let count = 0;
    for (const kind of ['secret', 'configMap']) {
      if (!one[kind]) continue;
      count++;
      projectedKeys(one[kind], `${at}.${kind}`, errors, claim);
    }
    if (one.downwardAPI) {
      count++;
      for (const file of one.downwardAPI.items ?? []) {
        downwardFile(file, `${at}.downwardAPI`, errors);
        claim(file.path, file.path);
      }
    }
    if (one.serviceAccountToken) {
      count++;
      token(one.serviceAccountToken, path, `${at}.serviceAccountToken`, errors, options);
    }
    if (count > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'));
  }
}

function projectedKeys(source: Obj, path: string, errors: Errors, claim: (target: string, shown: string) => void): void {
  if (!source.name) errors.push(required(`${path}.name`));
  const items: Obj[] = source.items ?? [];
  for (let i = 0; i < items.length; i++) {
    keyToPath(items[i], `${path}.items[${i}]`, errors);
    claim(items[i].path, source.name ?? '');
  }
}

function token(source: Obj, volumePath: string, path: string, errors: Errors, options: PodOptions): void {
  const seconds = source.expirationSeconds ?? 0;
  if (seconds < 600) {
    errors.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  }
  if (seconds > 2 ** 32) {
    errors.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  if (!source.path) errors.push(required(`${volumePath}.path`));
  else if (!options.allowNonLocalTokenPath) nonReservedPath(errors, source.path, `${volumePath}.path`);
}

/** Has a stored spec a token path that today's rules refuse? */
export function hasNonLocalTokenPath(spec: Obj): boolean {
  const errors: Errors = [];
  for (const volume of spec.volumes ?? []) {
    for (const source of volume.projected?.sources ?? []) {
      if (source.serviceAccountToken) nonReservedPath(errors, source.serviceAccountToken.path ?? '', '');
    }
  }
  return errors.length > 0;
}
