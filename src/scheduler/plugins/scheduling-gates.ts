import type { Plugin } from '../framework.ts';

/** A gated pod is not tried; the API server itself says so in its condition (plugins/schedulinggates, registry pod strategy). */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue: ({ pod }) => !pod.spec.schedulingGates?.length,
};
