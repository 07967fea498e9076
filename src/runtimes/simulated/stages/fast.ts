import type { Stage } from '../stage.ts';

/** KWOK's default stages (pod/fast): started is ready; a Job's pod succeeds at once; a deleted pod has stopped when it is looked at. */
export const fast: readonly Stage[] = [
  {
    name: 'pod-delete',
    from: ['bound', 'creating', 'pull-failed', 'pull-backoff', 'started', 'ready', 'exited', 'crash-backoff', 'finished'],
    delay: 'none',
    to: 'stopped',
  },
  { name: 'pod-complete', from: ['ready', 'started'], when: ['ofJob'], delay: 'none', to: 'exited' },
];
