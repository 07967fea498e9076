import { describe, expect, it } from 'vitest';
import { type Policy, PolicyError, type PolicyRule, readPolicy } from '../../../../src/apiserver/audit/policy.ts';
import { type Asked, AuditRules } from '../../../../src/apiserver/audit/rules.ts';

const policyOf = (rules: unknown, more: object = {}) =>
  JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules, ...more });

const refusal = (text: string): string => {
  try {
    readPolicy(text);
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
  return '';
};

describe('a policy', () => {
  it('[AUDIT2] is read from YAML and JSON; unknown fields are left out with a warning', () => {
    const yaml = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nextra: 1\nrules:\n- level: Metadata\n  verb: [get]\n';
    expect(readPolicy(yaml)).toEqual({
      policy: { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] },
      warnings: ['unknown field "extra"', 'unknown field "rules[0].verb"'],
    });
    expect(readPolicy(policyOf([{ level: 'None' }])).warnings).toEqual([]);
  });

  it.each([
    [policyOf([]), 'loaded illegal policy with 0 rules'],
    [policyOf(undefined), 'loaded illegal policy with 0 rules'],
    ['[]', 'failed decoding: a Policy is an object'],
    ['{', /^failed decoding: /],
    [policyOf([{ level: 'None' }], { apiVersion: 'audit.k8s.io/v1beta1' }), /^no kind "Policy" is known for version/],
    [policyOf({}), 'failed decoding: rules: must be a list'],
    [policyOf([{ level: 'None', users: 'me' }]), 'failed decoding: rules[0].users: must be a list'],
    [policyOf([{ level: 'None', users: [1] }]), 'failed decoding: rules[0].users: must be a list of strings'],
    [policyOf([{}]), 'rules[0].level: Required value'],
    [
      policyOf([{ level: 'Loud' }]),
      'rules[0].level: Unsupported value: "Loud": supported values: "None", "Metadata", "Request", "RequestResponse"',
    ],
    [
      policyOf([{ level: 'None', nonResourceURLs: ['logs', '/lo*gs'] }]),
      'rules[0].nonResourceURLs[0]: Invalid value: "logs": non-resource URL rules must begin with a \'/\' character, ' +
        'rules[0].nonResourceURLs[1]: Invalid value: "/lo*gs": non-resource URL wildcards \'*\' must be the final character of the rule',
    ],
    [
      policyOf([{ level: 'None', resources: [{ group: 'rbac.authorization.k8s.io/v1beta1' }] }]),
      /^rules\[0\]\.resources\.group: /,
    ],
    [
      policyOf([{ level: 'None', resources: [{ resourceNames: ['leader'] }] }]),
      'rules[0].resources.resourceNames: Invalid value: ["leader"]: using resourceNames requires at least one resource',
    ],
    [
      policyOf([{ level: 'None', resources: [{ resources: ['pods'] }], nonResourceURLs: ['/logs*'] }]),
      'rules[0].nonResourceURLs: Invalid value: ["/logs*"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      policyOf([{ level: 'None' }], { omitStages: ['foo'] }),
      'omitStages[0]: Invalid value: "foo": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
    [policyOf([{ level: 'None', omitStages: ['RequestReceived', 'x'] }]), /^rules\[0\]\.omitStages\[1\]: Invalid value: "x"/],
  ])('[AUDIT2] is refused as upstream refuses it: %s', (text, why) => {
    if (typeof why === 'string') expect(refusal(text)).toBe(why);
    else expect(refusal(text)).toMatch(why);
  });

  it('[AUDIT2] whose aliases unfold to more than it may hold is refused', () => {
    const names = `&n [${Array.from({ length: 200 }, (_, i) => `n${i}`).join(', ')}]`;
    const rules = `- {level: None, users: ${names}}\n${'- {level: None, users: *n}\n'.repeat(200)}`;
    expect(refusal(`apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${rules}`)).toBe('a policy has at most 10000 entries');
  });
});

const POD: Asked = {
  user: { username: 'tim@k8s.io', groups: ['humans', 'developers'] },
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'busybox',
  isResource: true,
  path: '/api/v1/namespaces/default/pods/busybox',
};
const STATUS: Asked = { ...POD, subresource: 'status', verb: 'patch' };
const NODE: Asked = { ...POD, resource: 'nodes', namespace: '', name: 'n1' };
const DEPLOYMENT: Asked = { ...POD, group: 'apps', resource: 'deployments' };
const SCALE: Asked = { ...DEPLOYMENT, subresource: 'scale' };
const LOGS: Asked = {
  ...POD,
  isResource: false,
  resource: '',
  group: '',
  version: '',
  namespace: '',
  name: '',
  path: '/logs/pods',
};
const NOBODY: Asked = { ...POD, user: undefined };

const hit = (rule: Partial<PolicyRule>, asked: Asked): boolean =>
  new AuditRules({ rules: [{ level: 'Metadata', ...rule }] } as Policy).configFor(asked) !== undefined;

describe('rules', () => {
  it.each<[string, Partial<PolicyRule>, Asked[], Asked[]]>([
    ['everything', {}, [POD, NODE, LOGS, NOBODY], []],
    ['users', { users: ['tim@k8s.io'] }, [POD, LOGS], [NOBODY]],
    ['groups', { userGroups: ['developers'] }, [POD], [NOBODY]],
    ['groups of others', { userGroups: ['admins'] }, [], [POD]],
    ['verbs', { verbs: ['patch', 'update'] }, [STATUS], [POD]],
    ['namespaces', { namespaces: ['default'] }, [POD, STATUS], [NODE, LOGS]],
    ['no namespace', { namespaces: [''] }, [NODE], [POD, LOGS]],
    ['a group', { resources: [{ group: '' }] }, [POD, STATUS, NODE], [DEPLOYMENT, LOGS]],
    ['all groups', { resources: [{ group: '*' }] }, [POD, SCALE], [LOGS]],
    ['a resource', { resources: [{ resources: ['pods'] }] }, [POD], [STATUS, NODE]],
    ['a subresource', { resources: [{ resources: ['pods/status'] }] }, [STATUS], [POD]],
    ['all subresources', { resources: [{ resources: ['pods/*'] }] }, [POD, STATUS], [NODE]],
    ['a subresource of all', { resources: [{ group: '*', resources: ['*/scale'] }] }, [SCALE], [DEPLOYMENT, STATUS]],
    ['all resources', { resources: [{ resources: ['*'] }] }, [POD, STATUS, NODE], [DEPLOYMENT]],
    ['names', { resources: [{ resources: ['pods'], resourceNames: ['busybox'] }] }, [POD], [{ ...POD, name: 'edit' }]],
    ['paths', { nonResourceURLs: ['/logs*'] }, [LOGS], [POD]],
    ['a path', { nonResourceURLs: ['/logs'] }, [], [LOGS, POD]],
    ['all paths', { nonResourceURLs: ['*'] }, [LOGS], [POD]],
  ])('[AUDIT3] fit by %s', (_, rule, hits, misses) => {
    for (const asked of hits) expect(hit(rule, asked), asked.path).toBe(true);
    for (const asked of misses) expect(hit(rule, asked), asked.path).toBe(false);
  });

  it('[AUDIT3] the first that fits decides; stages of the policy and of the rule are omitted; the rule says more than the policy', () => {
    const { policy } = readPolicy(
      policyOf(
        [
          { level: 'None', users: ['tim@k8s.io'], verbs: ['get'] },
          { level: 'Request', omitStages: ['ResponseStarted'], omitManagedFields: false },
        ],
        { omitStages: ['RequestReceived'], omitManagedFields: true },
      ),
    );
    const rules = new AuditRules(policy);
    expect(rules.configFor(POD)).toBeUndefined();
    expect(rules.configFor(STATUS)).toEqual({
      level: 'Request',
      omitStages: new Set(['RequestReceived', 'ResponseStarted']),
      omitManagedFields: false,
    });
  });
});
