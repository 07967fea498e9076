/** Label selectors of workloads: read, shown in errors, printed. */
import type { Obj } from '../../../lib/json.ts';
import { fromLabelSelector, type Requirement, requirementProblem, selectorToString } from '../../machinery/labels.ts';
import { sortedMap } from '../../machinery/spec-checks.ts';

/** The requirements of a LabelSelector, or undefined where upstream cannot convert it. */
export function readSelector(selector: Obj | undefined): readonly Requirement[] | undefined {
  for (const expression of selector?.matchExpressions ?? []) {
    if (!['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(expression.operator)) return undefined;
  }
  const requirements = fromLabelSelector(selector);
  if (selector && requirements.some((r) => requirementProblem(r) !== undefined)) return undefined;
  return requirements;
}

/** A selector as it appears in an error. */
export function shownSelector(selector: Obj | undefined): Obj | null {
  if (!selector) return null;
  const { matchLabels, matchExpressions } = selector;
  const expressions = matchExpressions?.map(({ key = '', operator = '', values }: Obj) => ({
    key,
    operator,
    ...(values && { values }),
  }));
  return { ...(matchLabels && { matchLabels: sortedMap(matchLabels) }), ...(expressions && { matchExpressions: expressions }) };
}

/** Selector of a workload for -o wide (metav1.FormatLabelSelector). */
export function formatSelector(selector: Obj | undefined): string {
  const requirements = readSelector(selector);
  if (!requirements) return '<error>';
  if (!selector) return '';
  return selectorToString([...requirements].sort((a, b) => (a.key < b.key ? -1 : 1))) || '<none>';
}
