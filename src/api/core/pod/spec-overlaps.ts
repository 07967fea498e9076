/** Files of one volume that would stand at the same place (pkg/api/pod warningsForOverlappingVirtualPaths). */
import type { Obj } from '../../../lib/json.ts';

interface Place {
  path: string;
  source: string;
}

const quote = JSON.stringify;
const shown = ({ path, source }: Place): string => (source ? `${quote(path)} (${source})` : quote(path));
const placesOf = (items: Obj[], source = ''): Place[] => items.map((item) => ({ path: item.path ?? '', source }));

function collisions(before: Place[], place: Place): Place[] {
  if (!place.path) return [];
  const inside = (a: string, b: string) => `${a}/`.startsWith(`${b}/`);
  return before.filter((other) => other.path && (inside(other.path, place.path) || inside(place.path, other.path)));
}

function overlaps(places: Place[], before: Place[] = []): string[] {
  const out: string[] = [];
  for (const raw of places) {
    const place = { ...raw, path: raw.path.replace(/\/+$/, '') };
    for (const other of collisions(before, place)) out.push(`${shown(place)} with ${shown(other)}`);
    before.push(place);
  }
  return out;
}

function sourcePlaces(source: Obj): Place[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap?.items) return placesOf(configMap.items, `ConfigMap ${quote(configMap.name ?? '')}`);
  if (secret?.items) return placesOf(secret.items, `Secret ${quote(secret.name ?? '')}`);
  if (downwardAPI?.items) return placesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? [{ path: serviceAccountToken.path ?? '', source: 'ServiceAccountToken' }] : [];
}

/** Warnings about every volume of a spec. */
export function overlapWarnings(volumes: Obj[]): string[] {
  const out: string[] = [];
  for (const { name = '', configMap, secret, downwardAPI, projected } of volumes) {
    const say = (kind: string, list: string[]) => {
      for (const body of list) out.push(`volume ${quote(name)} (${kind}): overlapping paths: ${body}`);
    };
    if (configMap?.items) say(`ConfigMap ${quote(configMap.name ?? '')}`, overlaps(placesOf(configMap.items)));
    if (secret?.items) say(`Secret ${quote(secret.secretName ?? '')}`, overlaps(placesOf(secret.items)));
    if (downwardAPI?.items) say('DownwardAPI', overlaps(placesOf(downwardAPI.items)));
    const before: Place[] = [];
    for (const source of projected?.sources ?? []) {
      if (Object.keys(source).length === 0) out.push(`volume ${quote(name)} (Projected) has no sources provided`);
      else say('Projected', overlaps(sourcePlaces(source), before));
    }
  }
  return out;
}
