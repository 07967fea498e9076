import { apiVersionOf, type Kind, type ServedVersion } from '../api/machinery/define-kind.ts';
import type { StrategyContext } from '../api/machinery/define-kind.ts';
import type { FieldError } from '../api/machinery/field-errors.ts';
import { badRequest } from '../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { fieldFilter } from './field-filter.ts';
import type { FieldContext } from './patch/managed-fields.ts';
import { shapeOf } from './patch/shape.ts';
import { prepareUpdate } from './prepare.ts';
import { ephemeralContainersDoor } from './subresources/ephemeral-containers.ts';
import { resizeDoor } from './subresources/resize.ts';
import { scaleDoor } from './subresources/scale.ts';
import { statusDoor } from './subresources/status.ts';

/**
 * A way to change an object: the main resource or one of its subresources. The machine is the same for all; a door says what a client
 * sees through it, and which changes pass.
 */
export interface Door {
  /** Type in the schema table, group/version and kind of what passes. */
  type: string;
  apiVersion: string;
  kind: string;
  /** What a client sees of a live object. Fresh or shared; never changed. */
  read(live: KubeObject): KubeObject;
  /** The whole object that a client's view asks for. May be the view itself. */
  write(live: KubeObject, view: KubeObject): KubeObject;
  /** Takes back what must not pass here; mutates `object`. */
  prepare(object: KubeObject, old: KubeObject, cx: StrategyContext): void;
  validate(object: KubeObject, old: KubeObject, cx: StrategyContext): FieldError[];
  /** What was sent, with defaults; may mutate it. */
  defaults(view: KubeObject): KubeObject;
}

const identity = (object: KubeObject): KubeObject => object;

/** The main resource, in a served version. */
export function mainDoor(kind: Kind, served?: ServedVersion): Door {
  return {
    type: served?.type ?? kind.type,
    apiVersion: apiVersionOf(served ?? kind),
    kind: kind.kind,
    read: served ? (live) => served.fromStored(live) as KubeObject : identity,
    write: served ? (_, view) => served.toStored(view) as KubeObject : (_, view) => view,
    prepare: (object, old, cx) => {
      if (kind.prepareUpdate) kind.prepareUpdate(object, old, cx);
      else prepareUpdate(kind, object, old);
    },
    validate: (object, old, cx) => kind.validateUpdate?.(object, old, cx) ?? [],
    defaults: (view) => {
      const stored = served ? (served.toStored(view) as KubeObject) : view;
      kind.defaults?.(stored);
      return served ? (served.fromStored(stored) as KubeObject) : stored;
    },
  };
}

/** The door of a subresource that can be read and replaced. */
export function doorOf(kind: Kind, subresource: string, served?: ServedVersion): Door {
  const main = mainDoor(kind, served);
  switch (subresource) {
    case '':
    case 'finalize':
    case 'approval':
      return main;
    case 'status':
      return statusDoor(kind, main);
    case 'scale':
      return scaleDoor(kind, main);
    case 'ephemeralcontainers':
      return ephemeralContainersDoor(main);
    case 'resize':
      return resizeDoor(main);
    default:
      throw badRequest(`the subresource ${subresource} of ${kind.resource} cannot be written`);
  }
}

/** The request as field management sees it. */
export function fieldContext(kind: Kind, door: Door, subresource: string, now: number): FieldContext {
  return {
    apiVersion: door.apiVersion,
    shape: shapeOf(door.type),
    subresource,
    now,
    filter: fieldFilter(kind, subresource),
    convert: (object, apiVersion) => convertTo(kind, door, object, apiVersion),
  };
}

/** An object of one served version in another; the hub is the stored version. */
function convertTo(kind: Kind, door: Door, object: Obj, apiVersion: string): ReturnType<FieldContext['convert']> {
  if (apiVersion === door.apiVersion || apiVersion === object.apiVersion) return { object, shape: shapeOf(door.type) };
  if (door.kind !== kind.kind) return undefined;
  const stored = door.write(object as KubeObject, object as KubeObject);
  if (apiVersion === apiVersionOf(kind)) return { object: stored, shape: shapeOf(kind.type) };
  const served = kind.versions?.find((v) => apiVersionOf(v) === apiVersion);
  return served && { object: served.fromStored(stored), shape: shapeOf(served.type) };
}
