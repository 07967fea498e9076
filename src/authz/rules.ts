import { goStrings } from '../api/machinery/go-text.ts';
import type { Attributes } from './attributes.ts';

/** rbac/v1 PolicyRule as stored: absent lists are empty. */
export interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

const has = (list: string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

/** Whether a rule allows the request (pkg/apis/rbac/v1/evaluation_helpers.go). */
export function ruleAllows(rule: PolicyRule, a: Attributes): boolean {
  if (!has(rule.verbs, a.verb)) return false;
  if (!a.isResource) return (rule.nonResourceURLs ?? []).some((url) => url === '*' || urlCovers(url, a.path));
  return has(rule.apiGroups, a.group) && resourceMatches(rule, a) && nameMatches(rule, a.name);
}

function resourceMatches(rule: PolicyRule, a: Attributes): boolean {
  const wanted = a.subresource ? `${a.resource}/${a.subresource}` : a.resource;
  if (has(rule.resources, wanted)) return true;
  return a.subresource !== '' && rule.resources !== undefined && rule.resources.includes(`*/${a.subresource}`);
}

const nameMatches = (rule: PolicyRule, name: string) => !rule.resourceNames?.length || rule.resourceNames.includes(name);

function urlCovers(owner: string, path: string): boolean {
  if (owner === path) return true;
  if (!owner.endsWith('*')) return false;
  let end = owner.length;
  while (owner[end - 1] === '*') end--;
  return path.startsWith(owner.slice(0, end));
}

/**
 * The rules that `owner` does not cover, broken down to single verbs and resources (component-helpers auth/rbac/validation
 * Covers).
 */
export function uncovered(owner: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((rule) => !owner.some((held) => covers(held, rule)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const out: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs ?? []) {
        const single: PolicyRule = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (!rule.resourceNames?.length) out.push(single);
        for (const name of rule.resourceNames ?? []) out.push({ ...single, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? [])
    for (const verb of rule.verbs ?? []) out.push({ nonResourceURLs: [url], verbs: [verb] });
  return out;
}

/** Whether a held rule covers a single one. */
function covers(held: PolicyRule, rule: PolicyRule): boolean {
  const all = (set: string[] | undefined, wanted: string[] | undefined) => (wanted ?? []).every((v) => has(set, v));
  if (!all(held.verbs, rule.verbs) || !all(held.apiGroups, rule.apiGroups)) return false;
  if (!(rule.resources ?? []).every((path) => resourceCovers(held.resources, path))) return false;
  if (!(rule.nonResourceURLs ?? []).every((path) => (held.nonResourceURLs ?? []).some((url) => urlCovers(url, path))))
    return false;
  if (!held.resourceNames?.length) return true;
  return !!rule.resourceNames?.length && rule.resourceNames.every((name) => held.resourceNames?.includes(name));
}

function resourceCovers(set: string[] | undefined, path: string): boolean {
  if (has(set, path)) return true;
  const slash = path.indexOf('/');
  return slash >= 0 && set !== undefined && set.includes(`*/${path.slice(slash + 1)}`);
}

/** Joins single rules that differ by verb only (pkg/registry/rbac/validation CompactRules); the others come first. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const out: PolicyRule[] = [];
  const simple = new Map<string, PolicyRule>();
  for (const rule of rules) {
    if (!isSimple(rule)) {
      out.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames ?? []]);
    const joined = simple.get(key);
    if (joined) joined.verbs = [...(joined.verbs ?? []), ...(rule.verbs ?? [])];
    else simple.set(key, { ...rule });
  }
  return [...out, ...simple.values()];
}

function isSimple(rule: PolicyRule): boolean {
  if ((rule.resourceNames?.length ?? 0) > 1 || rule.nonResourceURLs?.length) return false;
  return rule.apiGroups?.length === 1 && rule.resources?.length === 1;
}

/** A rule as upstream prints it in escalation messages: {APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}. */
export function compactString(rule: PolicyRule): string {
  const parts: string[] = [];
  const add = (name: string, list: string[] | undefined) => {
    if (list?.length) parts.push(`${name}:${goStrings(list)}`);
  };
  add('APIGroups', rule.apiGroups);
  add('Resources', rule.resources);
  add('NonResourceURLs', rule.nonResourceURLs);
  add('ResourceNames', rule.resourceNames);
  add('Verbs', rule.verbs);
  return `{${parts.join(', ')}}`;
}
