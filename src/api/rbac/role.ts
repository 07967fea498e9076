import type { KindRules } from '../machinery/define-kind.ts';
import { checkRules, metaAgain, rbacName } from './validation.ts';

/** Role (registry/rbac/role/strategy.go). */
export const rules: KindRules = {
  names: rbacName,
  createOnUpdate: true,
  validateCreate: (object) => checkRules(object, true),
  validateUpdate: (object) => [...metaAgain(object, true), ...checkRules(object, true)],
};
