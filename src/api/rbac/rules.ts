import type { Obj } from '../../lib/json.ts';

/** What PolicyRules allow, and whether rules cover others (component-helpers auth/rbac/validation, rbac/v1 helpers). */

const has = (list: string[] | undefined, value: string): boolean => !!list && (list.includes('*') || list.includes(value));

export const verbMatches = (rule: Obj, verb: string): boolean => has(rule.verbs, verb);
export const groupMatches = (rule: Obj, group: string): boolean => has(rule.apiGroups, group);
export const nameMatches = (rule: Obj, name: string): boolean => !rule.resourceNames?.length || rule.resourceNames.includes(name);

/** `resource` is "pods" or "pods/status"; a rule may say "*", "*\/status" or the very resource. */
export function resourceMatches(rule: Obj, resource: string): boolean {
  const resources: string[] = rule.resources ?? [];
  if (resources.includes('*') || resources.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && resources.includes(`*${resource.slice(slash)}`);
}

/** A rule's URL may end in "*". */
export function urlMatches(rule: Obj, url: string): boolean {
  return (rule.nonResourceURLs ?? []).some(
    (pattern: string) =>
      pattern === '*' || pattern === url || (pattern.endsWith('*') && url.startsWith(pattern.slice(0, -1).replace(/\*+$/, ''))),
  );
}

/** One request a rule could allow, small enough to be covered by a single rule. */
interface Atom {
  verb: string;
  group?: string;
  resource?: string;
  name?: string;
  url?: string;
}

/** BreakdownRule: a rule as its smallest parts. */
function atoms(rule: Obj): Atom[] {
  const out: Atom[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs ?? []) {
        if (!rule.resourceNames?.length) out.push({ verb, group, resource });
        else for (const name of rule.resourceNames) out.push({ verb, group, resource, name });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs ?? []) out.push({ verb, url });
  return out;
}

function ruleCovers(owner: Obj, atom: Atom): boolean {
  if (!has(owner.verbs, atom.verb)) return false;
  if (atom.url !== undefined) return !owner.resourceNames?.length && urlMatches(owner, atom.url);
  if (!has(owner.apiGroups, atom.group as string) || !resourceMatches(owner, atom.resource as string)) return false;
  if (!owner.resourceNames?.length) return true;
  return atom.name !== undefined && owner.resourceNames.includes(atom.name);
}

const atomToRule = (a: Atom): Obj =>
  a.url === undefined
    ? { apiGroups: [a.group], resources: [a.resource], verbs: [a.verb], ...(a.name !== undefined && { resourceNames: [a.name] }) }
    : { nonResourceURLs: [a.url], verbs: [a.verb] };

/** Covers: the parts of `wanted` that `owned` does not allow, as rules; empty when everything is covered. */
export function uncovered(owned: readonly Obj[], wanted: readonly Obj[]): Obj[] {
  const missing: Obj[] = [];
  for (const rule of wanted) {
    for (const atom of atoms(rule)) if (!owned.some((owner) => ruleCovers(owner, atom))) missing.push(atomToRule(atom));
  }
  return missing;
}

const quoted = (list: string[]): string => `[${list.map((v) => JSON.stringify(v)).join(' ')}]`;

/** CompactString of rbac/v1 helpers: how a missing rule is named in a refusal. */
export function compactRule(rule: Obj): string {
  const parts: string[] = [];
  for (const [label, key] of [
    ['APIGroups', 'apiGroups'],
    ['Resources', 'resources'],
    ['NonResourceURLs', 'nonResourceURLs'],
    ['ResourceNames', 'resourceNames'],
    ['Verbs', 'verbs'],
  ] as const) {
    if (rule[key]?.length) parts.push(`${label}:${quoted(rule[key])}`);
  }
  return `{${parts.join(', ')}}`;
}

/** CompactRules: rules over one resource that differ in verbs only become one. */
export function compactRules(rules: readonly Obj[]): Obj[] {
  const out: Obj[] = [];
  const simple = new Map<string, Obj>();
  for (const rule of rules) {
    const plain = rule.apiGroups?.length === 1 && rule.resources?.length === 1 && !rule.nonResourceURLs?.length;
    if (!plain || (rule.resourceNames?.length ?? 0) > 1) {
      out.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups[0], rule.resources[0], rule.resourceNames?.[0] ?? null]);
    const known = simple.get(key);
    if (known) known.verbs = [...known.verbs, ...rule.verbs];
    else {
      const copy = { ...rule };
      simple.set(key, copy);
      out.push(copy);
    }
  }
  return out;
}

/** What ConfirmNoEscalation says to a user who would grant more than they hold; undefined when they hold it all. */
export function escalation(
  user: { username: string; groups: string[] },
  owned: readonly Obj[],
  wanted: readonly Obj[],
): string | undefined {
  const missing = uncovered(owned, wanted);
  if (!missing.length) return undefined;
  const lines = [...new Set(compactRules(missing).map(compactRule))].sort();
  const who = `user ${JSON.stringify(user.username)} (groups=${quoted(user.groups)})`;
  return `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}`;
}
