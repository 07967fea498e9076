import { AdmissionChain } from '../admission/chain.ts';
import type { KindTable } from '../api/kinds.ts';
import type { TokenIssuer } from '../api/machinery/token-issuer.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import { escalationGuard } from '../authz/escalation.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Random } from '../lib/random.ts';
import { serviceAllocator } from '../network/ipam.ts';
import { Registry } from '../registry/registry.ts';
import type { Store } from '../store/store.ts';
import type { Limits } from './plan-limits.ts';

interface Parts {
  kinds: () => KindTable;
  store: Store;
  random: Random;
  tokens: TokenIssuer;
  verifyBytes: Crypto['verifyBytes'];
  limits: Limits;
  authorizer: () => Authorizer;
}

/** Registry of a cluster with its admission and allocators. */
export function registryOf({ limits, authorizer, ...parts }: Parts): Registry {
  const chain = new AdmissionChain({ authorize: (...asked) => authorizer().allows(...asked) });
  // Limits last: a write that another reviewer refuses counts towards none.
  return new Registry({ ...parts, admission: [escalationGuard, chain, limits], allocators: { services: serviceAllocator } });
}
