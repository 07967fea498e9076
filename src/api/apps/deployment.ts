/** Deployment (apps/v1): defaults, strategy, validation and columns. */
import type { KindRules } from '../machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import { defaultTemplate } from '../core/pod-defaults.ts';

function defaults(deployment: KubeObject): void {
  deployment.spec ??= {};
  const spec = deployment.spec;
  spec.replicas ??= 1;
  spec.strategy ??= {};
  const strategy = spec.strategy;
  if (!strategy.type) strategy.type = 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= '25%';
    strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.template ??= {};
  defaultTemplate(spec.template);
}

export const rules: KindRules = { defaults };
