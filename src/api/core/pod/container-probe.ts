/** Probes and lifecycle hooks (core/validation validateProbe, validateHandler, validateLifecycle). */
import type { Obj } from '../../../lib/json.ts';
import { forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { isHttpHeaderName, isPort, isPortName } from '../../machinery/names.ts';
import { type Errors, invalids, nonNegative, unsupported } from '../../machinery/spec-checks.ts';

const SCHEMES = ['HTTP', 'HTTPS'];

export function validateProbes(container: Obj, grace: number | undefined, path: string, errors: Errors): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) {
    probe(livenessProbe, grace, `${path}.livenessProbe`, errors);
    once(livenessProbe, `${path}.livenessProbe`, errors);
  }
  if (readinessProbe) {
    const at = `${path}.readinessProbe`;
    probe(readinessProbe, grace, at, errors);
    const own = readinessProbe.terminationGracePeriodSeconds;
    if (own !== undefined) {
      errors.push(invalid(`${at}.terminationGracePeriodSeconds`, own, 'must not be set for readinessProbes'));
    }
  }
  if (startupProbe) {
    probe(startupProbe, grace, `${path}.startupProbe`, errors);
    once(startupProbe, `${path}.startupProbe`, errors);
  }
}

function once(p: Obj, path: string, errors: Errors): void {
  if (p.successThreshold !== 1) errors.push(invalid(`${path}.successThreshold`, p.successThreshold ?? 0, 'must be 1'));
}

function probe(p: Obj, grace: number | undefined, path: string, errors: Errors): void {
  handler(p, true, grace, path, errors);
  nonNegative(errors, p.initialDelaySeconds, `${path}.initialDelaySeconds`);
  nonNegative(errors, p.timeoutSeconds, `${path}.timeoutSeconds`);
  nonNegative(errors, p.periodSeconds, `${path}.periodSeconds`);
  nonNegative(errors, p.successThreshold, `${path}.successThreshold`);
  nonNegative(errors, p.failureThreshold, `${path}.failureThreshold`);
  const own = p.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0) {
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, own, 'must be greater than 0'));
  }
}

type Action = (action: Obj, path: string, errors: Errors, grace: number | undefined) => void;

const ACTIONS: [string, Action][] = [
  ['exec', execAction],
  ['httpGet', httpGet],
  ['tcpSocket', (action, path, errors) => portNumberOrName(action.port ?? 0, `${path}.port`, errors)],
  ['grpc', (action, path, errors) => portNumberOrName(action.port ?? 0, `${path}.port`, errors)],
  ['sleep', sleep],
];

/** Probes have no sleep, hooks no grpc. */
function handler(h: Obj, isProbe: boolean, grace: number | undefined, path: string, errors: Errors): void {
  let found = false;
  for (const [name, check] of ACTIONS) {
    const action = h[name];
    if (!action || name === (isProbe ? 'sleep' : 'grpc')) continue;
    if (found) errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'));
    else check(action, `${path}.${name}`, errors, grace);
    found = true;
  }
  if (!found) errors.push(required(path, 'must specify a handler type'));
}

function execAction(action: Obj, path: string, errors: Errors): void {
  if (!action.command?.length) errors.push(required(`${path}.command`));
}

function httpGet(action: Obj, path: string, errors: Errors): void {
  if (!action.path) errors.push(required(`${path}.path`));
  portNumberOrName(action.port ?? 0, `${path}.port`, errors);
  if (!SCHEMES.includes(action.scheme)) errors.push(unsupported(`${path}.scheme`, action.scheme ?? '', SCHEMES));
  for (const header of action.httpHeaders ?? []) {
    invalids(errors, `${path}.httpHeaders`, header.name ?? '', isHttpHeaderName(header.name ?? ''));
  }
}

function portNumberOrName(port: number | string, path: string, errors: Errors): void {
  invalids(errors, path, port, typeof port === 'number' ? isPort(port) : isPortName(port));
}

function sleep(action: Obj, path: string, errors: Errors, grace: number | undefined): void {
  const seconds = action.seconds ?? 0;
  if (grace !== undefined && (seconds < 0 || seconds > grace)) {
    const detail = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
    errors.push(invalid(path, seconds, detail));
  }
}

export function validateLifecycle(lifecycle: Obj, grace: number | undefined, path: string, errors: Errors): void {
  if (lifecycle.postStart) handler(lifecycle.postStart, false, grace, `${path}.postStart`, errors);
  if (lifecycle.preStop) handler(lifecycle.preStop, false, grace, `${path}.preStop`, errors);
}
