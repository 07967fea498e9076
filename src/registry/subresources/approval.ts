import type { Door } from '../doors.ts';

/** /approval of certificate signing requests: only the conditions pass (certificates strategy, csrApprovalStrategy). */
export function approvalDoor(main: Door): Door {
  return {
    ...main,
    prepare: (object, old, cx) => {
      const conditions = object.status?.conditions;
      object.spec = old.spec;
      object.status = { ...old.status };
      if (conditions) object.status.conditions = conditions;
      else delete object.status.conditions;
      main.prepare(object, old, cx);
      if (conditions) object.status = { ...object.status, conditions };
    },
  };
}
