import { forbiddenError, type StatusError, tooLarge, tooManyRequests } from '../api/machinery/status-errors.ts';
import { Bucket } from '../lib/bucket.ts';
import { type ClusterLimits } from '../tenancy/limits.ts';
import { HISTORY_OF_FULLNESS } from './limits.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { Admission, AdmissionRequest } from '../registry/ports.ts';
import type { RequestLimits } from '../apiserver/call.ts';
import { getMeta, isInitialised, setMeta } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

const KEY = 'limits';
const SECOND_MS = 1000;
/** How long a measured size is good for, ms. */
const SIZE_MS = 200;
/** A watch ends when its client likes: nobody knows when one more may begin. */
const WATCH_RETRY_SECONDS = 5;
/** Tells the Worker for how long it need not even ask, ms. */
export const WAIT_HEADER = 'retry-after-ms';

/** Users that act for the cluster itself; other service accounts are its tenant's programs. */
const SYSTEM = /^system:(?!serviceaccount:(?!kube-system:))/;

const NONE: ClusterLimits = { plan: 'none' };

/** What the cluster may use; kept in its own database, so that nobody else is asked. */
export function limitsOf(sql: Sqlite): ClusterLimits {
  const text = getMeta(sql, KEY);
  return text === undefined ? NONE : JSON.parse(text);
}

/** Keeps what the plan of its account allows now; a cluster that rests needs not be woken for it. False: there is none. */
export function takeLimits(sql: Sqlite, limits: ClusterLimits): boolean {
  if (!isInitialised(sql)) return false;
  setMeta(sql, KEY, JSON.stringify(limits));
  return true;
}

const bucketOf = (perSecond: number | undefined, burst: number | undefined): Bucket | undefined =>
  perSecond === undefined ? undefined : new Bucket(perSecond, burst ?? perSecond);

/** The bounds of one cluster, at the places where they are checked. Everything is in memory: a check costs no row. */
export class Limits implements Admission, RequestLimits {
  readonly #store: Store;
  readonly #watches: () => number;
  #limits: ClusterLimits;
  #requests: Bucket | undefined;
  #egress: Bucket | undefined;
  #size = 0;
  #sizedAt = Number.NEGATIVE_INFINITY;

  /** `watches` tells how many are open. */
  constructor(store: Store, watches: () => number) {
    this.#store = store;
    this.#watches = watches;
    this.#limits = NONE;
    this.take(limitsOf(store.sql));
  }

  get turnMs(): number {
    return this.#limits.turnMs ?? Number.POSITIVE_INFINITY;
  }

  /** Others from now on. */
  take(limits: ClusterLimits): void {
    const { requestsPerSecond, requestBurst, egressPerSecond, egressBurst } = limits;
    this.#limits = limits;
    this.#requests = bucketOf(requestsPerSecond, requestBurst);
    this.#egress = bucketOf(egressPerSecond, egressBurst);
  }

  /** Bytes leave the cluster. */
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
   * Refuses what the plan has no room for. The cluster's own writers may let an object grow: they record facts, and free space by that (a
   * pod that ends has a longer status).
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

  /** Revisions of history that there is room for; undefined: as many as ever. */
  history(now: number): number | undefined {
    const { bytes } = this.#limits;
    if (bytes === undefined) return undefined;
    const used = this.#sized(now) / bytes;
    return HISTORY_OF_FULLNESS.find(({ share }) => used >= share)?.revisions;
  }

  #sized(now: number): number {
    if (Math.abs(now - this.#sizedAt) >= SIZE_MS) {
      this.#size = this.#store.sql.size();
      this.#sizedAt = now;
    }
    return this.#size;
  }

  /** In the words of a ResourceQuota (resourcequota/controller.go checkRequest): what clients and controllers know how to take. */
  #exceeded({ kind, name }: AdmissionRequest, limit: string, more: number, used: number, most: number): StatusError {
    const why = `exceeded quota: ${this.#limits.plan}, requested: ${limit}=${more}, used: ${limit}=${used}, limited: ${limit}=${most}`;
    return forbiddenError(kind, name, why);
  }
}
