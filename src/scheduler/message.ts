import { EVENT_NOTE_CHARACTERS } from './limits.ts';
import type { Rejection } from './framework.ts';
import type { Verdict } from './schedule.ts';

/** Upstream's message when there is no node at all. */
export const NO_NODES = 'no nodes available to schedule pods';
const CUT = ' ...';

/** Every reason with the number of its nodes, sorted as text: "3 Insufficient cpu, 1 node(s) were unschedulable". */
export function histogram(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of rejections) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, n]) => `${n} ${reason}`)
    .sort()
    .join(', ');
}

/** The whole message (framework/types.go FitError.Error). */
export function fitMessage(total: number, verdict: Pick<Verdict, 'rejected' | 'everywhere'>, afterwards: string): string {
  const reasons = verdict.everywhere ? verdict.everywhere.reasons.join(', ') : histogram(verdict.rejected.values());
  return `0/${total} nodes are available:${reasons ? ` ${reasons}.` : ''}${afterwards ? ` ${afterwards}` : ''}`;
}

/** The message cut to an Event's maximum; the condition has all of it. */
export const eventNote = (message: string): string =>
  message.length <= EVENT_NOTE_CHARACTERS ? message : message.slice(0, EVENT_NOTE_CHARACTERS - CUT.length) + CUT;
