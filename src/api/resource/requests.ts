import type { Obj } from '../../lib/json.ts';

/** Requests of a claim count one device unless they say otherwise (SetDefaults_ExactDeviceRequest, _DeviceSubRequest). */
export function defaultRequests(spec: Obj | undefined): void {
  for (const request of spec?.devices?.requests ?? []) {
    for (const one of [request.exactly, ...(request.firstAvailable ?? [])]) {
      if (!one) continue;
      one.allocationMode ||= 'ExactCount';
      if (one.allocationMode === 'ExactCount') one.count ||= 1;
    }
  }
}
