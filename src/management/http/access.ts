/** What somebody may do in an account, each level with all before it. People have a role, tokens a scope; both are a level. */
export const LEVELS = ['read', 'write', 'admin', 'owner'] as const;
export type Level = (typeof LEVELS)[number];

/** Roles of members, in the order of their levels. */
export const ROLES = ['viewer', 'member', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];

export const levelOf = (role: Role): Level => LEVELS[ROLES.indexOf(role)];
export const roleOf = (level: Level): Role => ROLES[LEVELS.indexOf(level)];

/** Whether a level includes another. */
export const atLeast = (level: Level, needed: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(needed);

/**
 * Who a route is for.
 * `public`: anybody. `signed-in`: whoever has a valid token of any sort. `person`: somebody who signed in. `operator`: the operator of the
 * deployment. `person-or-operator`: a person or the operator. A level: whoever has it in the account of the address.
 */
export type Requirement = 'public' | 'signed-in' | 'person' | 'person-or-operator' | 'operator' | Level;

/** The lower of two levels. */
export const lowerLevel = (a: Level, b: Level): Level => (atLeast(a, b) ? b : a);

/** Whoever a bearer token stands for; `personId` is the person whose token it is, and without whom it is worth nothing. */
export type Principal =
  | { type: 'operator' }
  | { type: 'person'; id: string; name: string; sessionId: string }
  | {
      type: 'token';
      id: string;
      name: string;
      accountId: string;
      level: Level;
      selector: ClusterSelector;
      personId?: string;
      expires?: number;
    };

/** Which clusters a token reaches: those listed, those with all these labels, or (both absent) every one. */
export interface ClusterSelector {
  clusters?: string[];
  labels?: Record<string, string>;
}

/** What a principal may do in the account of the address. */
export interface Access {
  accountId: string;
  level: Level;
  selector: ClusterSelector;
}

/** Whether the token is confined to some clusters: the account itself is then none of its business. */
export const isRestricted = ({ clusters, labels }: ClusterSelector): boolean => clusters !== undefined || labels !== undefined;

/** Whether a cluster is within reach. */
export function selects(selector: ClusterSelector, cluster: { id: string; labels: Record<string, string> }): boolean {
  if (selector.clusters && !selector.clusters.includes(cluster.id)) return false;
  return Object.entries(selector.labels ?? {}).every(([key, value]) => cluster.labels[key] === value);
}

/** How a principal is called in audit logs: never by a secret. */
export const actorOf = (who: Principal): { type: Principal['type']; id: string; name: string } =>
  who.type === 'operator'
    ? { type: 'operator', id: 'operator', name: 'operator' }
    : { type: who.type, id: who.id, name: who.name };

/** With whom what somebody made goes: "person:ID", "token:ID" or "operator". */
export const creatorOf = (who: Principal): string => (who.type === 'operator' ? 'operator' : `${who.type}:${who.id}`);
