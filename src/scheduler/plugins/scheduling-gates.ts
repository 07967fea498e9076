import type { Plugin } from '../framework.ts';

/** Excludes gated pods; the API server itself sets their condition (plugins/schedulinggates, registry pod strategy). */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue: ({ pod }) => !pod.spec.schedulingGates?.length,
};
