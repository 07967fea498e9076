import type { TokenIssuer } from '../api/machinery/token-issuer.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import { resourceAttributes } from '../authz/attributes.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import { controllersFor } from '../controllers/table.ts';
import { kubelet } from '../kubelet/controller.ts';
import type { RuntimesFor } from '../kubelet/runtime.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Controller } from '../reconcile/plan.ts';
import type { MeterOf } from '../registry/view.ts';
import { scheduler } from '../scheduler/controller.ts';
import type { ClusterOptions } from '../tenancy/cluster.ts';
import type { ClusterAuthority } from './authority.ts';

interface Parts {
  options: ClusterOptions;
  crypto: Crypto;
  tokens: TokenIssuer;
  authority: ClusterAuthority;
  authorizer: () => Authorizer;
  runtimes: ReturnType<RuntimesFor>;
  meterOf: MeterOf | undefined;
}

/** Everything that acts in a cluster: its controllers, the scheduler and the virtual nodes. */
export function actorsOf({ options, crypto, tokens, authority, authorizer, runtimes, meterOf }: Parts): Controller[] {
  if (options.apiOnly) return [];
  const { caPem } = options;
  const mayRequest = (user: UserInfo, subresource: string): boolean => {
    const what = { group: 'certificates.k8s.io', version: '*', resource: 'certificatesigningrequests', subresource };
    return authorizer().authorize(resourceAttributes(user, 'create', what)).verdict === 'allow';
  };
  const ports = { crypto, tokens, mayRequest, authority: () => authority.current, metrics: { meterOf } };
  return [...controllersFor({ ...(caPem !== undefined && { caPem }), ...ports }), scheduler, kubelet(runtimes)];
}
