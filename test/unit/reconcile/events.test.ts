import { describe, expect, it } from 'vitest';
import { EVENT_BURST, EVENT_REFILL_MS, EVENT_SIMILAR_MAX, EVENT_SIMILAR_WINDOW_MS } from '../../../src/reconcile/limits.ts';
import type { KubeObject } from '../../../src/lib/json.ts';
import { EventCorrelator } from '../../../src/reconcile/events.ts';
import type { EventAction } from '../../../src/reconcile/plan.ts';

const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
};
const event = (message: string, regarding = pod): EventAction => ({
  verb: 'event',
  regarding,
  type: 'Normal',
  reason: 'R',
  message,
  component: 'c',
});

describe('[RC9] events are correlated as client-go does', () => {
  it('counts equal events and begins anew when the counted one is gone', () => {
    const correlator = new EventCorrelator();
    const first = correlator.correlate(event('m'), 0);
    if (first.do !== 'create') throw new Error(first.do);
    first.remember('n', 'p.1');
    const second = correlator.correlate(event('m'), 1);
    expect(second).toMatchObject({ do: 'count', seen: { name: 'p.1', count: 2 } });
    if (second.do === 'count') second.forget();
    expect(correlator.correlate(event('m'), 2).do).toBe('create');
  });

  it('combines similar events after ten different messages, until the window is over', () => {
    const correlator = new EventCorrelator();
    const messages = Array.from({ length: 12 }, (_, i) => {
      const answer = correlator.correlate(event(`m${i}`), 0);
      if (answer.do === 'create') answer.remember('n', `e${i}`);
      return answer.do === 'drop' ? 'drop' : answer.message;
    });
    expect(messages[8]).toBe('m8');
    expect(messages[9]).toBe('(combined from similar events): m9');
    expect(messages[11]).toBe('(combined from similar events): m11');
    const later = correlator.correlate(event('m99'), EVENT_SIMILAR_WINDOW_MS + 1);
    expect(later).toMatchObject({ do: 'create', message: 'm99' });
  });

  it('limits one source about one object to a burst, refilled slowly', () => {
    const correlator = new EventCorrelator();
    const kinds = Array.from({ length: EVENT_BURST + 2 }, () => correlator.correlate(event('m'), 0).do);
    expect(kinds.filter((k) => k === 'drop')).toHaveLength(2);
    expect(correlator.correlate(event('m'), EVENT_REFILL_MS).do).toBe('create');
    const other = { ...pod, metadata: { ...pod.metadata, name: 'q', uid: 'v' } };
    expect(correlator.correlate(event('m', other), 0).do).toBe('create');
  });

  it('forgets what was correlated in a transaction that was rolled back', () => {
    const correlator = new EventCorrelator();
    const first = correlator.correlate(event('m'), 0);
    if (first.do === 'create') first.remember('n', 'p.1');
    correlator.commit();
    for (let i = 0; i < EVENT_BURST + EVENT_SIMILAR_MAX; i++) {
      const other = correlator.correlate(event(`m${i}`), 0);
      if (other.do === 'create') other.remember('n', `e${i}`);
      expect(correlator.correlate(event('m'), 0)).toMatchObject({ do: 'count', seen: { count: 2 } });
      correlator.rollback();
    }
    expect(correlator.correlate(event('m'), 0)).toMatchObject({ do: 'count', seen: { name: 'p.1', count: 2 } });
    expect(correlator.correlate(event('new'), 0)).toMatchObject({ do: 'create', message: 'new' });
  });
});
