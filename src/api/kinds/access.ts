import { rules as certificateSigningRequestRules } from '../certificates/certificate-signing-request.ts';
import { rules as roleRules } from '../rbac/role.ts';
import { rules as roleBindingRules } from '../rbac/role-binding.ts';
import { rules as clusterRoleRules } from '../rbac/cluster-role.ts';
import { rules as clusterRoleBindingRules } from '../rbac/cluster-role-binding.ts';
import type { Kind } from '../machinery/define-kind.ts';
import { legacyVersions } from './legacy.ts';
import { CREATE_ONLY, inGroup, READ_WRITE } from './row.ts';

const authentication = inGroup('authentication.k8s.io', 'v1', 'io.k8s.api.authentication.v1');
const authorization = inGroup('authorization.k8s.io', 'v1', 'io.k8s.api.authorization.v1');
const certificates = inGroup('certificates.k8s.io', 'v1', 'io.k8s.api.certificates.v1');
const rbac = inGroup('rbac.authorization.k8s.io', 'v1', 'io.k8s.api.rbac.v1');
/** A review is answered, never stored. */
const review = { cluster: true, verbs: CREATE_ONLY };

/** Who one is and what one may. */
export const accessKinds: Kind[] = [
  authentication('SelfSubjectReview', 'selfsubjectreviews', review),
  authentication('TokenReview', 'tokenreviews', review),
  authorization('LocalSubjectAccessReview', 'localsubjectaccessreviews', { verbs: CREATE_ONLY }),
  authorization('SelfSubjectAccessReview', 'selfsubjectaccessreviews', review),
  authorization('SelfSubjectRulesReview', 'selfsubjectrulesreviews', review),
  authorization('SubjectAccessReview', 'subjectaccessreviews', review),
  certificates('CertificateSigningRequest', 'certificatesigningrequests', {
    rules: certificateSigningRequestRules,
    cluster: true,
    short: ['csr'],
    status: true,
    sub: { approval: { kind: 'CertificateSigningRequest', verbs: READ_WRITE } },
  }),
  rbac('ClusterRoleBinding', 'clusterrolebindings', {
    rules: clusterRoleBindingRules,
    cluster: true,
    versions: legacyVersions('ClusterRoleBinding'),
  }),
  rbac('ClusterRole', 'clusterroles', {
    rules: clusterRoleRules,
    cluster: true,
    versions: legacyVersions('ClusterRole'),
  }),
  rbac('RoleBinding', 'rolebindings', { rules: roleBindingRules, versions: legacyVersions('RoleBinding') }),
  rbac('Role', 'roles', { rules: roleRules, versions: legacyVersions('Role') }),
];
