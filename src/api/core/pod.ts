/** Pod (core/v1): defaults, strategy, validation and columns. */
import type { KindRules } from '../machinery/define-kind.ts';
import { defaultPod } from './pod-defaults.ts';

export const rules: KindRules = { defaults: defaultPod };
