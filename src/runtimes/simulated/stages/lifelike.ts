import type { Stage } from '../stage.ts';

/** Stages of containers under a container runtime, as a kubelet observes them. */
export const lifelike: readonly Stage[] = [
  {
    name: 'terminate',
    from: ['bound', 'creating', 'pull-failed', 'pull-backoff', 'started', 'ready', 'exited', 'crash-backoff', 'finished'],
    delay: { seconds: 'terminationSeconds' },
    to: 'stopped',
  },
  { name: 'pull-fails', from: ['creating'], when: ['pullFails'], delay: { seconds: 'pullSeconds' }, to: 'pull-failed' },
  { name: 'start', from: ['creating'], when: ['pullWorks'], delay: { seconds: 'pullSeconds' }, to: 'pulled' },
  { name: 'exit', from: ['started', 'ready'], when: ['exits'], delay: { seconds: 'exitSeconds' }, to: 'exited' },
  { name: 'become-ready', from: ['started'], when: ['becomesReady'], delay: { seconds: 'readySeconds' }, to: 'ready' },
  { name: 'complete', from: ['ready'], when: ['ofJob'], delay: { seconds: 'exitSeconds' }, to: 'exited' },
];
