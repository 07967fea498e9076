import { rules as priorityLevelConfigurationRules } from '../flowcontrol/priority-level-configuration.ts';
import { rules as flowSchemaRules } from '../flowcontrol/flow-schema.ts';
import { rules as serviceCIDRRules } from '../networking/service-cidr.ts';
import { rules as networkPolicyRules } from '../networking/network-policy.ts';
import { rules as iPAddressRules } from '../networking/ip-address.ts';
import { rules as ingressRules } from '../networking/ingress.ts';
import { rules as ingressClassRules } from '../networking/ingress-class.ts';
import { rules as endpointSliceRules } from '../discovery/endpoint-slice.ts';
import { rules as leaseRules } from '../coordination/lease.ts';
import type { Kind } from '../machinery/define-kind.ts';
import { legacyVersions } from './legacy.ts';
import { inGroup } from './row.ts';

const coordination = inGroup('coordination.k8s.io', 'v1', 'io.k8s.api.coordination.v1');
const discovery = inGroup('discovery.k8s.io', 'v1', 'io.k8s.api.discovery.v1');
const flowcontrol = inGroup('flowcontrol.apiserver.k8s.io', 'v1', 'io.k8s.api.flowcontrol.v1');
const networking = inGroup('networking.k8s.io', 'v1', 'io.k8s.api.networking.v1');

/** Networking, endpoint slices, leases, and the API server's own flow control. */
export const trafficKinds: Kind[] = [
  coordination('Lease', 'leases', { rules: leaseRules }),
  discovery('EndpointSlice', 'endpointslices', { rules: endpointSliceRules }),
  flowcontrol('FlowSchema', 'flowschemas', { rules: flowSchemaRules, cluster: true, status: true }),
  flowcontrol('PriorityLevelConfiguration', 'prioritylevelconfigurations', {
    rules: priorityLevelConfigurationRules,
    cluster: true,
    status: true,
  }),
  networking('IngressClass', 'ingressclasses', {
    rules: ingressClassRules,
    cluster: true,
    versions: legacyVersions('IngressClass'),
  }),
  networking('Ingress', 'ingresses', { rules: ingressRules, short: ['ing'], status: true, versions: legacyVersions('Ingress') }),
  networking('IPAddress', 'ipaddresses', { rules: iPAddressRules, cluster: true, short: ['ip'] }),
  networking('NetworkPolicy', 'networkpolicies', {
    rules: networkPolicyRules,
    short: ['netpol'],
    versions: legacyVersions('NetworkPolicy'),
  }),
  networking('ServiceCIDR', 'servicecidrs', { rules: serviceCIDRRules, cluster: true, status: true }),
];
