/** Access levels in an account, each including those before. People have a role, tokens a scope; both map to a level. */
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
 * Requirement of a route. `public`: anybody. `signed-in`: any valid token. `person`: people who signed in. `operator`: the operator of the
 * deployment. `person-or-operator`: either. A level: that level in the account of the path.
 */
export type Requirement = 'public' | 'signed-in' | 'person' | 'person-or-operator' | 'operator' | Level;

/** The lower of two levels. */
export const lowerLevel = (a: Level, b: Level): Level => (atLeast(a, b) ? b : a);

/** Principal of a bearer token; `personId`: the person who owns the token. */
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

/** Clusters that a token selects: those listed, those with all these labels, or (both absent) all. */
export interface ClusterSelector {
  clusters?: string[];
  labels?: Record<string, string>;
}

/** Access of a principal to the account of the path. */
export interface Access {
  accountId: string;
  level: Level;
  selector: ClusterSelector;
}

/** Whether the token selects some clusters only: it may not use routes of the whole account then. */
export const isRestricted = ({ clusters, labels }: ClusterSelector): boolean => clusters !== undefined || labels !== undefined;

/** Whether the selector selects a cluster. */
export function selects(selector: ClusterSelector, cluster: { id: string; labels: Record<string, string> }): boolean {
  if (selector.clusters && !selector.clusters.includes(cluster.id)) return false;
  return Object.entries(selector.labels ?? {}).every(([key, value]) => cluster.labels[key] === value);
}

/** Name of a principal in audit logs: never a secret. */
export const actorOf = (who: Principal): { type: Principal['type']; id: string; name: string } =>
  who.type === 'operator'
    ? { type: 'operator', id: 'operator', name: 'operator' }
    : { type: who.type, id: who.id, name: who.name };

/** Creator reference: "person:ID", "token:ID" or "operator"; what they created is revoked with them. */
export const creatorOf = (who: Principal): string => (who.type === 'operator' ? 'operator' : `${who.type}:${who.id}`);
