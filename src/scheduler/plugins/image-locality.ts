import type { Obj } from '../../lib/json.ts';
import { MAX_SCORE, type Plugin } from '../framework.ts';

const MB = 1024 * 1024;
const LEAST = 23 * MB;
const MOST_PER_CONTAINER = 1000 * MB;

const withTag = (image: string): string => (image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image);

function imagesOf(spec: Obj): string[] {
  const containers: Obj[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const volumes: Obj[] = (spec.volumes ?? []).filter((v: Obj) => v.image?.reference);
  return [...containers.map((c) => withTag(c.image ?? '')), ...volumes.map((v) => withTag(v.image.reference))];
}

/** Nodes that have the pod's images are better (plugins/imagelocality). */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  preScore: (_pod, nodes) => (nodes.some((node) => node.images.size) ? undefined : 'skip'),
  score({ pod }, node, { nodes }) {
    let sum = 0;
    for (const image of imagesOf(pod.spec)) {
      const size = node.images.get(image);
      if (size !== undefined) sum += Math.trunc(size * (nodes.filter((n) => n.images.has(image)).length / nodes.length));
    }
    const most = MOST_PER_CONTAINER * ((pod.spec.initContainers?.length ?? 0) + (pod.spec.containers?.length ?? 0));
    return Math.trunc((MAX_SCORE * (Math.min(Math.max(sum, LEAST), most) - LEAST)) / (most - LEAST));
  },
};
