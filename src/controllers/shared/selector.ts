import type { Obj } from '../../lib/json.ts';

/** Whether a set of labels is selected. */
export type Matcher = (labels: Record<string, string> | undefined) => boolean;

const NOTHING: Matcher = () => false;
const EVERYTHING: Matcher = () => true;

/** Equality selectors (Service, ReplicationController). An empty or missing one selects nothing: as both controllers have it. */
export function mapMatcher(selector: Record<string, string> | undefined): Matcher {
  const pairs = Object.entries(selector ?? {});
  if (!pairs.length) return NOTHING;
  return (labels) => labels !== undefined && pairs.every(([key, value]) => labels[key] === value);
}

const compiled = new WeakMap<object, Matcher>();

/** A metav1.LabelSelector (LabelSelectorAsSelector): missing selects nothing, empty everything, an unknown operator nothing. */
export function selectorMatcher(selector: Obj | undefined): Matcher {
  if (!selector) return NOTHING;
  let match = compiled.get(selector);
  if (!match) {
    match = compile(selector);
    compiled.set(selector, match);
  }
  return match;
}

/** Whether a LabelSelector has no requirement at all. */
export function isEmptySelector(selector: Obj | undefined): boolean {
  return !Object.keys(selector?.matchLabels ?? {}).length && !(selector?.matchExpressions ?? []).length;
}

function compile(selector: Obj): Matcher {
  const tests: Matcher[] = (selector.matchExpressions ?? []).map(expression);
  const pairs = Object.entries(selector.matchLabels ?? {});
  if (pairs.length) tests.push((labels) => pairs.every(([key, value]) => labels?.[key] === value));
  if (!tests.length) return EVERYTHING;
  return tests.length === 1 ? tests[0] : (labels) => tests.every((test) => test(labels));
}

function expression({ key, operator, values = [] }: Obj): Matcher {
  switch (operator) {
    case 'In':
      return (labels) => labels?.[key] !== undefined && values.includes(labels[key]);
    case 'NotIn':
      return (labels) => labels?.[key] === undefined || !values.includes(labels[key]);
    case 'Exists':
      return (labels) => labels?.[key] !== undefined;
    case 'DoesNotExist':
      return (labels) => labels?.[key] === undefined;
    default:
      return NOTHING;
  }
}

/** How Go prints a *metav1.LabelSelector (its generated String). */
export function selectorText(selector: Obj | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const expressions: Obj[] = selector.matchExpressions ?? [];
  const shown = expressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  const map = labels.map(([key, value]) => `${key}: ${value},`).join('');
  return `&LabelSelector{MatchLabels:map[string]string{${map}},MatchExpressions:[]LabelSelectorRequirement{${shown.join('')}},}`;
}
