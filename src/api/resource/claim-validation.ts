import type { Obj } from '../../lib/json.ts';
import { checkLabel, checkSubdomain, each } from '../machinery/checks.ts';
import { duplicate, type FieldError, invalid, notSupported, required, tooLong, tooMany } from '../machinery/field-errors.ts';
import { byteLength, isDns1123Subdomain, isQualifiedName, isValidLabelValue } from '../machinery/names.ts';

/** Validation of claims, their templates and device classes (resource/validation), without CEL expressions. */

const REQUESTS_MAX = 32;
const FIRST_AVAILABLE_MAX = 8;
const PARAMETERS_MAX = 10 * 1024;
const EXPRESSION_MAX = 10 * 1024;
const DRIVER_MAX = 63;
const MODES = ['All', 'ExactCount'];
const OPERATORS = ['Equal', 'Exists'];
const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];
const REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
const ONE_OF = 'exactly one of `exactly` or `firstAvailable` is required';

/** Every item, or one error when there are too many; `key` must not occur twice. */
export function checkList<T>(
  list: readonly T[] | undefined,
  max: number,
  path: string,
  check: (item: T, path: string) => FieldError[],
  key?: (item: T) => string,
): FieldError[] {
  const items = list ?? [];
  if (items.length > max) return [tooMany(path, items.length, max)];
  const errors = items.flatMap((item, i) => check(item, `${path}[${i}]`));
  if (!key) return errors;
  const seen = new Set<string>();
  items.forEach((item, i) => {
    const name = key(item);
    if (seen.has(name)) errors.push(duplicate(`${path}[${i}]`, name));
    seen.add(name);
  });
  return errors;
}

/** ValidateCSIDriverName, which names drivers of devices too. */
export function checkDriver(driver: string | undefined, path: string): FieldError[] {
  if (!driver) return [required(path)];
  const errors = driver.length > DRIVER_MAX ? [tooLong(path, driver, DRIVER_MAX)] : [];
  return [...errors, ...each(path, driver, isDns1123Subdomain(driver.toLowerCase()))];
}

function checkSelector({ cel }: Obj, path: string): FieldError[] {
  if (!cel) return [required(`${path}.cel`)];
  return byteLength(cel.expression ?? '') > EXPRESSION_MAX ? [tooLong(`${path}.cel.expression`, '', EXPRESSION_MAX)] : [];
}

export const checkSelectors = (selectors: Obj[] | undefined, path: string): FieldError[] =>
  checkList(selectors, REQUESTS_MAX, path, checkSelector);

function checkToleration({ key = '', operator = '', value = '', effect = '' }: Obj, path: string): FieldError[] {
  const errors = key ? each(`${path}.key`, key, isQualifiedName(key)) : [];
  if (operator === 'Exists' && value) errors.push(invalid(`${path}.value`, value, 'must be empty for operator `Exists`'));
  else if (operator === 'Equal') errors.push(...each(`${path}.value`, value, isValidLabelValue(value)));
  else if (!operator) errors.push(required(`${path}.operator`));
  else if (!OPERATORS.includes(operator)) errors.push(notSupported(`${path}.operator`, operator, OPERATORS));
  if (effect && !EFFECTS.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, EFFECTS));
  return errors;
}

function checkExactly(request: Obj, path: string): FieldError[] {
  const { deviceClassName: name = '', allocationMode: mode = '', count = 0 } = request;
  const errors = name ? checkSubdomain(name, `${path}.deviceClassName`) : [required(`${path}.deviceClassName`)];
  errors.push(...checkSelectors(request.selectors, `${path}.selectors`));
  if (!MODES.includes(mode)) errors.push(notSupported(`${path}.allocationMode`, mode, MODES));
  else if (mode === 'All' && count !== 0) {
    errors.push(invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"));
  } else if (mode === 'ExactCount' && count <= 0) errors.push(invalid(`${path}.count`, count, 'must be greater than zero'));
  (request.tolerations ?? []).forEach((t: Obj, i: number) => errors.push(...checkToleration(t, `${path}.tolerations[${i}]`)));
  return errors;
}

const nameOf = (request: Obj): string => request.name ?? '';

function checkRequest(request: Obj, path: string): FieldError[] {
  const errors = checkLabel(nameOf(request), `${path}.name`);
  const several = request.firstAvailable?.length > 0;
  if (!several && !request.exactly) errors.push(required(path, ONE_OF));
  else if (several && request.exactly) errors.push(invalid(path, null, `${ONE_OF}, but multiple fields are set`));
  else if (request.exactly) errors.push(...checkExactly(request.exactly, `${path}.exactly`));
  else {
    const sub = (one: Obj, at: string) => [...checkLabel(nameOf(one), `${at}.name`), ...checkExactly(one, at)];
    errors.push(...checkList(request.firstAvailable, FIRST_AVAILABLE_MAX, `${path}.firstAvailable`, sub, nameOf));
  }
  return errors;
}

/** Names by which constraints and configurations may refer to requests and their alternatives. */
function namesIn(requests: Obj[]): Set<string> {
  const names = new Set<string>();
  for (const request of requests) {
    names.add(nameOf(request));
    for (const sub of request.firstAvailable ?? []) names.add(`${nameOf(request)}/${nameOf(sub)}`);
  }
  return names;
}

const checkReference =
  (names: Set<string>) =>
  (name: string, path: string): FieldError[] => {
    const segments = name.split('/');
    if (segments.length > 2) return [invalid(path, name, REFERENCE)];
    const errors = segments.flatMap((segment) => checkLabel(segment, path));
    return names.has(name) ? errors : [...errors, invalid(path, name, REFERENCE)];
  };

/** validateDeviceConfiguration */
export function checkConfig({ opaque }: Obj, path: string): FieldError[] {
  if (!opaque) return [required(`${path}.opaque`)];
  const at = `${path}.opaque.parameters`;
  const errors = checkDriver(opaque.driver, `${path}.opaque.driver`);
  const { parameters } = opaque;
  if (parameters === undefined || parameters === null) errors.push(required(at));
  else if (byteLength(JSON.stringify(parameters)) > PARAMETERS_MAX) errors.push(tooLong(at, '', PARAMETERS_MAX));
  else if (typeof parameters !== 'object' || Array.isArray(parameters)) {
    errors.push(invalid(at, '<value omitted>', 'must be a valid JSON object'));
  }
  return errors;
}

/** Configurations of a class. */
export const checkConfigs = (configs: Obj[] | undefined, path: string): FieldError[] =>
  checkList(configs, REQUESTS_MAX, path, checkConfig);

/** validateDeviceClaim: `spec` of a claim, standing at `path`. */
export function checkClaim(spec: Obj | undefined, path: string): FieldError[] {
  const { requests, constraints, config }: Obj = spec?.devices ?? {};
  const at = `${path}.devices`;
  const reference = checkReference(namesIn(requests ?? []));
  const references = (list: string[] | undefined, where: string) =>
    checkList(list, REQUESTS_MAX, `${where}.requests`, reference, (name) => name);
  const constraint = (one: Obj, where: string): FieldError[] => {
    const errors = references(one.requests, where);
    if (one.matchAttribute !== undefined || one.distinctAttribute !== undefined) return errors;
    const why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
    return [...errors, required(where, why)];
  };
  return [
    ...checkList(requests, REQUESTS_MAX, `${at}.requests`, checkRequest, nameOf),
    ...checkList(constraints, REQUESTS_MAX, `${at}.constraints`, constraint),
    ...checkList<Obj>(config, REQUESTS_MAX, `${at}.config`, (one, where) => [
      ...references(one.requests, where),
      ...checkConfig(one, where),
    ]),
  ];
}
