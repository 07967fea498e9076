import type { Obj } from '../../lib/json.ts';

const EMPTY_SELECTOR_KEY = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';

/** In v1beta1 an empty selector matched nothing, in v1 everything (pkg/apis/policy/v1beta1/conversion.go, when it was). In place. */
export function budgetToStored(object: Obj): void {
  const selector = object.spec?.selector;
  if (!selector) return;
  if (!selector.matchLabels && !selector.matchExpressions?.length) {
    object.spec = { ...object.spec, selector: { matchExpressions: [{ key: EMPTY_SELECTOR_KEY, operator: 'Exists' }] } };
  } else if (isEmptyMatch(selector, 'DoesNotExist')) object.spec = { ...object.spec, selector: {} };
}

/** The way back, in place. */
export function budgetFromStored(object: Obj): void {
  const selector = object.spec?.selector;
  if (!selector) return;
  if (!selector.matchLabels && !selector.matchExpressions?.length) {
    object.spec = { ...object.spec, selector: { matchExpressions: [{ key: EMPTY_SELECTOR_KEY, operator: 'DoesNotExist' }] } };
  } else if (isEmptyMatch(selector, 'Exists')) object.spec = { ...object.spec, selector: {} };
}

function isEmptyMatch(selector: Obj, operator: string): boolean {
  const [first, ...rest] = selector.matchExpressions ?? [];
  return !selector.matchLabels && !rest.length && first?.key === EMPTY_SELECTOR_KEY && first.operator === operator;
}
