import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkWebhooks, webhookDefaults } from './webhook.ts';

/** MutatingWebhookConfiguration (registry/admissionregistration/mutatingwebhookconfiguration/strategy.go). */
export const MutatingWebhookConfiguration = defineKind({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
  namespaced: false,
  schema: goSchema('io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration'),
  categories: ['api-extensions'],
  countsGenerations: true,
  plainFinalizers: true,
  needsResourceVersion: true,
  skipsMetaOnUpdate: true,
  defaults: (object) => webhookDefaults(object, true),
  validateCreate: checkWebhooks,
  validateUpdate: (object) => [
    ...validateObjectMeta(object.metadata, false, undefined, 'metadata', true),
    ...checkWebhooks(object),
  ],
  columns: columnsOf(
    'admissionregistration.k8s.io/mutatingwebhookconfigurations',
    nameCell,
    (object) => object.webhooks?.length ?? 0,
    ageCell,
  ),
});
