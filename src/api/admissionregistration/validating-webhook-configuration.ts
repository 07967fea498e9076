import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkWebhooks, webhookDefaults } from './webhook.ts';

/** ValidatingWebhookConfiguration (registry/admissionregistration/validatingwebhookconfiguration/strategy.go). */
export const rules: KindRules = {
  plainFinalizers: true,
  needsResourceVersion: true,
  skipsMetaOnUpdate: true,
  defaults: (object) => webhookDefaults(object, false),
  validateCreate: checkWebhooks,
  validateUpdate: (object) => [
    ...validateObjectMeta(object.metadata, false, undefined, 'metadata', true),
    ...checkWebhooks(object),
  ],
  columns: columnsOf(
    'admissionregistration.k8s.io/validatingwebhookconfigurations',
    nameCell,
    (object) => object.webhooks?.length ?? 0,
    ageCell,
  ),
};
