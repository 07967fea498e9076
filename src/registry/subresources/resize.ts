import { clone, type Obj } from '../../lib/json.ts';
import type { Door } from '../doors.ts';
import { resetMetadata } from './status.ts';

/**
 * /resize of a pod: its own resources and those and the resize policies of its containers pass (pod strategy, dropNonResizeUpdates). When containers were
 * added, removed, renamed or moved, all is left to validation.
 */
export function resizeDoor(main: Door): Door {
  return {
    ...main,
    prepare: (object, old, cx) => {
      const containers = resized(object.spec?.containers ?? [], old.spec.containers ?? []);
      const initContainers = resized(object.spec?.initContainers ?? [], old.spec.initContainers ?? []);
      if (containers && initContainers) {
        const { resources } = object.spec ?? {};
        object.spec = { ...old.spec, containers };
        if (resources) object.spec.resources = resources;
        else delete object.spec.resources;
        if (initContainers.length) object.spec.initContainers = initContainers;
        resetMetadata(object, old);
      }
      main.prepare(object, old, cx);
    },
  };
}

function resized(sent: Obj[], old: Obj[]): Obj[] | undefined {
  if (sent.length !== old.length || sent.some((container, i) => container.name !== old[i]?.name)) return undefined;
  return sent.map(({ resources, resizePolicy }, i) => {
    const { resizePolicy: _, ...rest } = clone(old[i] as Obj);
    return { ...rest, resources: resources ?? {}, ...(resizePolicy && { resizePolicy }) };
  });
}
