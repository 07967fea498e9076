import type { Obj } from '../../lib/json.ts';

/** Requests count one device and tolerate equal taints unless they say otherwise (resource/v1 SetDefaults_*). */
export function defaultRequests(spec: Obj | undefined): void {
  for (const request of spec?.devices?.requests ?? []) {
    for (const one of [request.exactly, ...(request.firstAvailable ?? [])]) {
      if (!one) continue;
      one.allocationMode ||= 'ExactCount';
      if (one.allocationMode === 'ExactCount') one.count ||= 1;
      for (const toleration of one.tolerations ?? []) toleration.operator ||= 'Equal';
    }
  }
}
