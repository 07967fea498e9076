import { forbiddenError, type StatusError, tooLarge, tooManyRequests } from '../api/machinery/status-errors.ts';
import { Bucket } from '../lib/bucket.ts';
import { type ClusterLimits } from '../tenancy/limits.ts';
import { HISTORY_WHEN_FULL, SIZE_MS, WATCH_RETRY_SECONDS } from './limits.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { Admission, AdmissionRequest } from '../registry/ports.ts';
import type { RequestLimits } from '../apiserver/call.ts';
import { getMeta, isInitialised, setMeta } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

const KEY = 'limits';
const SECOND_MS = 1000;
/** Header for the Worker: how long it may repeat the refusal without asking the object, ms. */
export const WAIT_HEADER = 'retry-after-ms';

/** Control plane users: system: names and service accounts of kube-system. Other service accounts are the tenant's programs. */
const SYSTEM = /^system:(?!serviceaccount:(?!kube-system:))/;

const NONE: ClusterLimits = { plan: 'none' };

/** Limits in the cluster's own database: no request needs the deployment's database. */
export function limitsOf(sql: Sqlite): ClusterLimits {
  const text = getMeta(sql, KEY);
  return text === undefined ? NONE : JSON.parse(text);
}

/** Stores limits without opening the cluster. Returns false if there is none. */
export function storeLimits(sql: Sqlite, limits: ClusterLimits): boolean {
  if (!isInitialised(sql)) return false;
  setMeta(sql, KEY, JSON.stringify(limits));
  return true;
}

const bucketOf = (perSecond: number | undefined, burst: number | undefined): Bucket | undefined =>
  perSecond === undefined ? undefined : new Bucket(perSecond, burst ?? perSecond);

/** Checks of a cluster's limits. The state is in memory: a check costs no row. */
export class Limits implements Admission, RequestLimits {
  readonly #store: Store;
  readonly #watches: () => number;
  #limits: ClusterLimits;
  #requests: Bucket | undefined;
  #egress: Bucket | undefined;
  #size = 0;
  #sizedAt = Number.NEGATIVE_INFINITY;

  /** `watches` returns the number of open ones. */
  constructor(store: Store, watches: () => number) {
    this.#store = store;
    this.#watches = watches;
    this.#limits = NONE;
    this.set(limitsOf(store.sql));
  }

  get turnMs(): number {
    return this.#limits.turnMs ?? Number.POSITIVE_INFINITY;
  }

  /** Replaces the limits; the token buckets start full. */
  set(limits: ClusterLimits): void {
    const { requestsPerSecond, requestBurst, egressPerSecond, egressBurst } = limits;
    this.#limits = limits;
    this.#requests = bucketOf(requestsPerSecond, requestBurst);
    this.#egress = bucketOf(egressPerSecond, egressBurst);
  }

  /** Charges sent bytes to the egress limit. */
  sent(bytes: number, now: number): void {
    this.#egress?.spend(bytes, now);
  }

  request(now: number): void {
    const { requestsPerSecond, requestBurst, egressPerSecond, egressBurst } = this.#limits;
    const owed = this.#egress?.owed(now);
    if (owed) throw this.#rateLimited('egressPerSecond', egressPerSecond, egressBurst, owed);
    const wait = this.#requests?.take(now);
    if (wait) throw this.#rateLimited('requestsPerSecond', requestsPerSecond, requestBurst, wait);
  }

  #rateLimited(limit: keyof ClusterLimits, rate: number | undefined, burst: number | undefined, wait: number): StatusError {
    const message = `the limit "${limit}" of the plan "${this.#limits.plan}" is reached (${rate}, at once ${burst ?? rate})`;
    const error = tooManyRequests(message, Math.ceil(wait / SECOND_MS));
    error.headers[WAIT_HEADER] = String(wait);
    return error;
  }

  watch(): void {
    const { plan, watches } = this.#limits;
    if (watches === undefined || this.#watches() < watches) return;
    throw tooManyRequests(`the limit "watches" of the plan "${plan}" is reached (${watches})`, WATCH_RETRY_SECONDS);
  }

  /**
   * Refuses writes beyond the plan's objects or bytes. Control plane users may make objects larger, since their writes free space (the status
   * of a finished pod is longer).
   */
  review(request: AdmissionRequest): void {
    const { operation, subresource, user, size, now } = request;
    const { objects, bytes, objectBytes, plan } = this.#limits;
    const creates = operation === 'CREATE' && !subresource;
    if (creates && objects !== undefined) {
      const used = this.#store.live();
      if (used >= objects) throw this.#exceeded(request, 'objects', 1, used, objects);
    }
    if ((bytes === undefined && objectBytes === undefined) || !size || (!creates && SYSTEM.test(user.username))) return;
    const { after, before } = size();
    if (after <= before) return;
    if (objectBytes !== undefined && after > objectBytes) {
      throw tooLarge(
        `Request entity too large: the limit "objectBytes" of the plan "${plan}" is ${objectBytes}, and this has ${after}`,
      );
    }
    if (bytes === undefined) return;
    const used = this.#sized(now);
    if (used + after - before > bytes) throw this.#exceeded(request, 'bytes', after - before, used, bytes);
  }

  /** Revisions of history to keep while the database is nearly full; undefined: the default. */
  history(now: number): number | undefined {
    const { bytes } = this.#limits;
    if (bytes === undefined) return undefined;
    const used = this.#sized(now) / bytes;
    return HISTORY_WHEN_FULL.find(({ share }) => used >= share)?.revisions;
  }

  #sized(now: number): number {
    if (Math.abs(now - this.#sizedAt) >= SIZE_MS) {
      this.#size = this.#store.sql.size();
      this.#sizedAt = now;
    }
    return this.#size;
  }

  /** The error of a ResourceQuota, which clients and controllers handle (resourcequota/controller.go CheckRequest). */
  #exceeded({ kind, name }: AdmissionRequest, limit: string, more: number, used: number, max: number): StatusError {
    const why = `exceeded quota: ${this.#limits.plan}, requested: ${limit}=${more}, used: ${limit}=${used}, limited: ${limit}=${max}`;
    return forbiddenError(kind, name, why);
  }
}
