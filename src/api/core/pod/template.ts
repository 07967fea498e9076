/** Pod templates: the part of every workload that becomes pods, and the PodTemplate kind (core/v1). */
import { equal, type KubeObject, type Obj } from '../../../lib/json.ts';
import { columnsOf, formatLabels, nameCell } from '../../machinery/columns.ts';
import { type Column, defineKind } from '../../machinery/define-kind.ts';
import { goSchema } from '../../schema/go.ts';
import { forbidden } from '../../machinery/field-errors.ts';
import { validateLabels } from '../../machinery/labels.ts';
import { validateAnnotations } from '../../machinery/meta.ts';
import { isDns1123Label } from '../../machinery/names.ts';
import { defaultTemplate } from './defaults.ts';
import { podOptions, validatePodSpec } from './spec.ts';
import { validatePodAnnotations, validateProfilesMatch } from './spec-annotations.ts';
import type { Errors, PodOptions } from '../../machinery/spec-checks.ts';
import { podWarnings } from './spec-warnings.ts';
import { dropDisabledPodFields } from './update-fields.ts';

/** ValidatePodTemplateSpec. */
export function validateTemplate(template: Obj, path: string, errors: Errors, options: PodOptions): void {
  const meta = template.metadata ?? {};
  const spec = template.spec ?? {};
  if (meta.labels) errors.push(...validateLabels(meta.labels, `${path}.labels`));
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, `${path}.annotations`));
  validatePodAnnotations(meta.annotations, spec, `${path}.annotations`, errors, options);
  validatePodSpec(spec, undefined, `${path}.spec`, errors, options);
  validateProfilesMatch(meta.annotations, spec, `${path}.spec`, errors);
  if (spec.ephemeralContainers?.length) {
    errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
}

/** Options of validation by which an update may keep what the stored template has. */
export const templateOptions = (old?: Obj): PodOptions => podOptions(false, old?.spec, old?.metadata);

/** Drops fields of features that are off. Mutates. */
export const dropDisabledTemplate = (template: Obj | undefined, old?: Obj): void => {
  if (template?.spec) dropDisabledPodFields(template.spec, old?.spec);
};

/** Warnings about a workload: its name on creation, its template when the spec changed. */
export function templateWarnings(object: KubeObject, old: KubeObject | undefined, path: string[]): string[] {
  const warnings: string[] = [];
  if (!old) {
    const messages = isDns1123Label(object.metadata.name ?? '');
    if (messages.length) {
      const hint = 'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
      warnings.push(`metadata.name: ${hint}: [${messages.join(' ')}]`);
    }
  } else if (object.metadata.generation === old.metadata.generation) return warnings;
  const template = path.reduce<Obj | undefined>((at, key) => at?.[key], object);
  if (template) warnings.push(...podWarnings(template.metadata ?? {}, template.spec ?? {}, `${path.join('.')}.`));
  return warnings;
}

type Cell = Column['value'];
const containersAt =
  (path: string[], field: string): Cell =>
  (object) => {
    const containers: Obj[] = path.reduce<any>((at, key) => at?.[key], object)?.spec?.containers ?? [];
    return containers.map((c) => c[field] ?? '').join(',');
  };
/** Names and images of the containers of a template. */
export const containerCells = (...path: string[]): [Cell, Cell] => [containersAt(path, 'name'), containersAt(path, 'image')];

function errorsOf(object: KubeObject, options: PodOptions): Errors {
  const errors: Errors = [];
  validateTemplate(object.template ?? {}, 'template', errors, options);
  return errors;
}

export const PodTemplate = defineKind({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  resource: 'podtemplates',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.PodTemplate'),
  returnsDeleted: true,
  defaults(object) {
    object.template ??= {};
    defaultTemplate(object.template);
  },
  prepareCreate(object) {
    object.metadata.generation = 1;
    dropDisabledTemplate(object.template);
  },
  prepareUpdate(object, old) {
    dropDisabledTemplate(object.template, old.template);
    if (!equal(object.template, old.template)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validateCreate: (object) => errorsOf(object, templateOptions()),
  validateUpdate: (object, old) => errorsOf(object, templateOptions(old.template)),
  warnings(object, old) {
    if (old && object.metadata.generation === old.metadata.generation) return [];
    return podWarnings(object.template?.metadata ?? {}, object.template?.spec ?? {}, 'template.');
  },
  columns: columnsOf('podtemplates', nameCell, ...containerCells('template'), (o) => formatLabels(o.template?.metadata?.labels)),
});
