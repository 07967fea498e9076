import type { Stage } from '../stage.ts';

/** KWOK's default stages (kustomize/stage/pod/fast): a started pod is ready, a Job's pod succeeds at once, a deleted pod stops at once. */
export const fast: readonly Stage[] = [
  {
    name: 'pod-delete',
    from: ['bound', 'creating', 'pull-failed', 'pull-backoff', 'started', 'ready', 'exited', 'crash-backoff', 'finished'],
    delay: 'none',
    to: 'stopped',
  },
  { name: 'pod-complete', from: ['ready', 'started'], when: ['ofJob'], delay: 'none', to: 'exited' },
];
