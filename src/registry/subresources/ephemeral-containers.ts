import type { Door } from '../doors.ts';
import { resetMetadata } from './status.ts';

/** /ephemeralcontainers of a pod: nothing else of it passes (pod strategy, dropNonEphemeralContainerUpdates). */
export function ephemeralContainersDoor(main: Door): Door {
  return {
    ...main,
    prepare: (object, old, cx) => {
      const sent = object.spec?.ephemeralContainers;
      object.spec = { ...old.spec };
      if (sent) object.spec.ephemeralContainers = sent;
      else delete object.spec.ephemeralContainers;
      resetMetadata(object, old);
      main.prepare(object, old, cx);
    },
  };
}
