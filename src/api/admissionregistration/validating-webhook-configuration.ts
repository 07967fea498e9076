import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkWebhooks, webhookDefaults } from './webhook.ts';

/** ValidatingWebhookConfiguration (registry/admissionregistration/validatingwebhookconfiguration/strategy.go). */
export const ValidatingWebhookConfiguration = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  resource: 'validatingwebhookconfigurations',
  namespaced: false,
  schema: goSchema('io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration'),
  categories: ['api-extensions'],
  countsGenerations: true,
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
});
