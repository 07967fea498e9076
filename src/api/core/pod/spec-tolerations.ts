/** Tolerations and taint effects (core/validation ValidateTolerations). */
import type { Obj } from '../../../lib/json.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { isQualifiedName, isValidLabelValue } from '../../machinery/names.ts';
import { type Errors, invalids, type PodOptions, unsupported } from '../../machinery/spec-checks.ts';

/** Effects of taints, in the order upstream lists them. */
const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const KEYLESS = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';

export function validateTolerations(tolerations: Obj[], path: string, errors: Errors, options: PodOptions): void {
  for (let i = 0; i < tolerations.length; i++) {
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = tolerations[i];
    const at = `${path}[${i}]`;
    if (key) invalids(errors, `${at}.key`, key, isQualifiedName(key));
    if (!key && operator !== 'Exists') errors.push(invalid(`${at}.operator`, operator, KEYLESS));
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    validateOperator(operator, value, at, errors, options);
    if (effect && !TAINT_EFFECTS.includes(effect)) errors.push(unsupported(`${at}.effect`, effect, TAINT_EFFECTS));
  }
}

function validateOperator(operator: string, value: string, path: string, errors: Errors, options: PodOptions): void {
  const at = `${path}.operator`;
  if (operator === '' || operator === 'Equal') {
    const messages = isValidLabelValue(value);
    if (messages.length) errors.push(invalid(at, value, messages.join(';')));
  } else if (operator === 'Exists') {
    if (value) errors.push(invalid(at, value, "value must be empty when `operator` is 'Exists'"));
  } else if (operator === 'Lt' || operator === 'Gt') {
    if (!options.allowTolerationComparisons) errors.push(unsupported(at, operator, ['Equal', 'Exists', 'Lt', 'Gt']));
  } else errors.push(unsupported(at, operator, ['Equal', 'Exists']));
}
