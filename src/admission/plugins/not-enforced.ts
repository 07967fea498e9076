import type { KubeObject } from '../../lib/json.ts';
import { type Plugin, resourceOfRequest } from '../plugin.ts';

/** Behaviour of kinds that is not implemented yet, and whether an object asks for it; a line goes when it is implemented. */
const MISSING: Record<string, { what: string; asked?: (object: KubeObject) => boolean }> = {
  'admissionregistration.k8s.io/validatingadmissionpolicies': { what: 'is stored but not enforced yet: it refuses no request' },
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': {
    what: 'is stored but not enforced yet: it refuses no request',
  },
  'admissionregistration.k8s.io/mutatingadmissionpolicies': { what: 'is stored but not enforced yet: it changes no object' },
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': {
    what: 'is stored but not enforced yet: it changes no object',
  },
  'admissionregistration.k8s.io/validatingwebhookconfigurations': {
    what: 'is stored but not enforced yet: no webhook is called',
  },
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': { what: 'is stored but not enforced yet: no webhook is called' },
  'apiextensions.k8s.io/customresourcedefinitions': { what: 'is stored but not served yet: there are no objects of it' },
  'apiregistration.k8s.io/apiservices': {
    what: 'is stored but not served yet: no request reaches its service',
    asked: (object) => !!object.spec?.service,
  },
};

/** The system's own writers, which get no warning; service accounts of tenants do. */
const SYSTEM = /^system:(?!serviceaccount:(?!kube-system:))/;

/** Warns in a header that a field is accepted and not implemented; no upstream plugin; refuses nothing. */
export const notEnforced: Plugin = {
  name: 'NotEnforced',
  operations: ['CREATE', 'UPDATE'],
  resources: Object.keys(MISSING),
  review(request) {
    const { object, subresource, kind, user } = request;
    const missing = MISSING[resourceOfRequest(request)];
    if (!missing || !object || subresource || SYSTEM.test(user.username)) return;
    if (missing.asked?.(object) === false) return;
    request.warn(`this ${kind.kind} ${missing.what}`);
  },
};
