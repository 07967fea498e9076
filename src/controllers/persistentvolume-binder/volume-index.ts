import { capacityOf, canTake, requestOf } from '../../api/core/volume/binding.ts';
import { classOf, modesText } from '../../api/core/volume/persistent-volume-claim.ts';
import { cmp, type Quantity, quantity } from '../../api/machinery/quantity.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Change, IndexDefinition, Reader, View } from '../../registry/view.ts';
import { CLAIMS, VOLUMES } from './resources.ts';

/** A volume that nobody has, in the order of sizes, then names. */
interface Free {
  size: Quantity;
  name: string;
}

/** Free volumes with the same access modes. */
export interface Bucket {
  modes: string[];
  free: Free[];
}

export const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

function put<V>(map: Map<string, Set<V>>, key: string, value: V, isIn: boolean): void {
  const set = map.get(key);
  if (isIn) {
    if (set) set.add(value);
    else map.set(key, new Set([value]));
  } else if (set?.delete(value) && !set.size) map.delete(key);
}

const NONE: ReadonlySet<string> = new Set();

/** Volumes and claims by what they look for in each other: no claim reads all volumes, no volume all claims. */
export class VolumeIndex {
  /** Free volumes by class, then by access modes (pkg/controller/volume/persistentvolume/index.go). */
  readonly #free = new Map<string, Map<string, Bucket>>();
  /** Names of volumes by the claim that their claimRef names. */
  readonly #kept = new Map<string, Set<string>>();
  /** Claims by the volume that they name. */
  readonly #naming = new Map<string, Set<string>>();
  /** Claims that name no volume, by class. */
  readonly #waiting = new Map<string, Set<string>>();

  constructor(view: Reader) {
    for (const volume of view.list(VOLUMES)) this.#volume(volume, true);
    for (const claim of view.list(CLAIMS)) this.#claim(claim, true);
  }

  apply({ resource, type, object, old }: Change): void {
    const note = (of: KubeObject, isIn: boolean) => (resource === VOLUMES ? this.#volume(of, isIn) : this.#claim(of, isIn));
    if (old) note(old, false);
    if (type === 'DELETED') note(object, false);
    else note(object, true);
  }

  /** Names of the volumes that are kept for a claim of this name. */
  keptFor(namespace: string | undefined, name: string): ReadonlySet<string> {
    return this.#kept.get(keyOf(namespace, name)) ?? NONE;
  }

  /** Keys of the claims that name a volume. */
  naming(volume: string): ReadonlySet<string> {
    return this.#naming.get(volume) ?? NONE;
  }

  /** Keys of the claims of a class that name no volume. */
  waiting(className: string): ReadonlySet<string> {
    return this.#waiting.get(className) ?? NONE;
  }

  /** Free volumes of a class by access modes. */
  buckets(className: string): Iterable<Bucket> {
    return this.#free.get(className)?.values() ?? [];
  }

  #volume(volume: KubeObject, isIn: boolean): void {
    const { spec, status, metadata } = volume;
    const ref = spec?.claimRef;
    if (ref) put(this.#kept, keyOf(ref.namespace, ref.name), metadata.name, isIn);
    else if (status?.phase === 'Available' && !metadata.deletionTimestamp) this.#freeVolume(volume, isIn);
  }

  #freeVolume(volume: KubeObject, isIn: boolean): void {
    const className = classOf(volume);
    const modes: string[] = volume.spec?.accessModes ?? [];
    const text = modesText(modes);
    const buckets = this.#free.get(className) ?? new Map<string, Bucket>();
    const bucket = buckets.get(text) ?? { modes, free: [] };
    const entry = { size: quantity(capacityOf(volume)), name: volume.metadata.name };
    const at = placeOf(bucket.free, entry);
    const isThere = bucket.free[at]?.name === entry.name;
    if (isIn && !isThere) bucket.free.splice(at, 0, entry);
    else if (!isIn && isThere) bucket.free.splice(at, 1);
    if (bucket.free.length) this.#free.set(className, buckets.set(text, bucket));
    else if (buckets.delete(text) && !buckets.size) this.#free.delete(className);
  }

  #claim(claim: KubeObject, isIn: boolean): void {
    const { namespace, name } = claim.metadata;
    const key = keyOf(namespace, name);
    if (claim.spec?.volumeName) put(this.#naming, claim.spec.volumeName, key, isIn);
    else put(this.#waiting, classOf(claim), key, isIn);
  }
}

const order = (a: Free, b: Free): number => cmp(a.size, b.size) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** The first place of a list at which nothing smaller follows. */
function placeOf(list: readonly Free[], entry: Free): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(list[middle], entry) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The smallest volume of a bucket that the claim can take. */
export function smallest(bucket: Bucket, claim: KubeObject, view: View): KubeObject | undefined {
  const from = placeOf(bucket.free, { size: quantity(requestOf(claim)), name: '' });
  for (let i = from; i < bucket.free.length; i++) {
    const volume = view.get(VOLUMES, '', bucket.free[i].name);
    if (volume && canTake(volume, claim)) return volume;
  }
  return undefined;
}

const INDEX: IndexDefinition<VolumeIndex> = {
  name: 'volumes and claims',
  resources: [VOLUMES, CLAIMS],
  build: (view) => new VolumeIndex(view),
  apply: (index, change) => index.apply(change),
};

export const volumeIndex = (view: View): VolumeIndex => view.index(INDEX);
