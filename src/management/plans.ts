import { DRAIN_SLICE_MS } from '../lib/limits.ts';
import { type ClusterLimits } from '../tenancy/limits.ts';

/** Limits of an account by plan; the operator sets it (`PATCH /v1/accounts/{account}/plan`). */
export interface Plan {
  /** Clusters, without deleted ones; beyond it 429 `limit-reached`. Absent: unlimited. */
  clusters?: number;
  /** Ports of the server's machine; beyond it 429 `limit-reached`. Absent: unlimited. */
  ports?: number;
  /** Limits of each cluster. */
  cluster: Omit<ClusterLimits, 'plan'>;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Every plan. */
export const PLANS = {
  free: {
    clusters: 3,
    ports: 0,
    cluster: {
      objects: 2_000,
      bytes: 64 * MIB,
      objectBytes: 512 * KIB,
      requestsPerSecond: 50,
      requestBurst: 300,
      egressPerSecond: MIB,
      egressBurst: 64 * MIB,
      watches: 100,
      turnMs: 10,
    },
  },
  standard: {
    clusters: 10_000,
    ports: 10,
    cluster: {
      objects: 50_000,
      bytes: GIB,
      requestsPerSecond: 500,
      requestBurst: 2_000,
      egressPerSecond: 16 * MIB,
      egressBurst: GIB,
      watches: 2_000,
      turnMs: DRAIN_SLICE_MS,
    },
  },
  unlimited: { cluster: {} },
} as const satisfies Record<string, Plan>;

export type PlanName = keyof typeof PLANS;
export const PLAN_NAMES = Object.keys(PLANS) as [PlanName, ...PlanName[]];

/** Falls back to the standard plan for one that was removed. */
const knownPlan = (name: string): PlanName => (name in PLANS ? (name as PlanName) : 'standard');

export const planOf = (name: string): Plan => PLANS[knownPlan(name)];

/** Limits that a cluster's object gets from its account's plan. */
export const clusterLimits = (name: string): ClusterLimits => ({ plan: knownPlan(name), ...planOf(name).cluster });
