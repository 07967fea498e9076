import { describe, expect, it } from 'vitest';
import { isPodReady, podCondition, updatePodCondition } from '../../../../src/api/core/pod/conditions.ts';

const NOW = Date.UTC(2026, 0, 1);
const THEN = '2025-12-31T00:00:00Z';
const other = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: THEN };
const ready = { type: 'Ready', status: 'False', lastProbeTime: null, lastTransitionTime: THEN, reason: 'R' };

describe('conditions of pods', () => {
  it('are appended with the time, and replaced in place; the time moves only with the status', () => {
    const [added] = updatePodCondition(undefined, { type: 'Ready', status: 'True', observedGeneration: 2 }, NOW);
    expect(JSON.stringify(added)).toBe(
      '{"type":"Ready","observedGeneration":2,"status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"}',
    );
    const said = updatePodCondition([ready, other], { type: 'Ready', status: 'False', reason: 'S', message: 'm' }, NOW);
    expect(said).toEqual([{ ...ready, reason: 'S', message: 'm' }, other]);
    const turned = updatePodCondition([ready, other], { type: 'Ready', status: 'True' }, NOW);
    expect(turned[0]).toEqual({ ...added, observedGeneration: undefined });
    expect([isPodReady({ status: { conditions: turned } }), isPodReady({}), podCondition({}, 'Ready')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  it('are the same list when nothing changes', () => {
    const conditions = [ready, other];
    expect(updatePodCondition(conditions, { type: 'Ready', status: 'False', reason: 'R' }, NOW)).toBe(conditions);
  });
});
