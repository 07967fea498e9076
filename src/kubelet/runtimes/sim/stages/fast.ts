import type { Stage } from '../stage.ts';

/** KWOK's default stages (pod/fast): bound is running is ready; a Job's pod succeeds at once; a deleted pod goes when it is looked at. */
export const fast: readonly Stage[] = [
  {
    name: 'pod-delete',
    from: ['bound', 'creating', 'pull-failed', 'pull-backoff', 'started', 'ready', 'exited', 'crash-backoff', 'finished'],
    delay: 'none',
    to: 'gone',
  },
  {
    name: 'pod-ready',
    from: ['bound', 'creating', 'pull-failed', 'pull-backoff', 'crash-backoff'],
    delay: 'none',
    to: 'ready',
  },
  { name: 'pod-complete', from: ['ready', 'started'], when: ['ofJob'], delay: 'none', to: 'finished' },
];
