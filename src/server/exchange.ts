import type { FairQueue, Seat } from './fair-queue.ts';
import type { Answer } from './http-answer.ts';
import { ChunkReader } from './http-body.ts';
import type { RequestHead } from './http-request.ts';
import { UNREAD_BYTES } from './limits.ts';
import { clusterOfHost } from '../management/clusters/host.ts';
import type { WatchBridge } from './watch-bridge.ts';

const PATH = '/clusters/';

/** Address of the upstream server. */
export interface Address {
  host: string;
  port: number;
  /** Secret by which the Worker knows this proxy (ATOLL_PROXY_SECRET). */
  secret: string;
}

/** Options of a connection. */
export interface ConnectionOptions {
  backend: Address;
  fair: FairQueue;
  /** Date header line of now. */
  date: () => string;
  /** The only cluster that requests can reach, on a cluster's own port. */
  cluster?: string | undefined;
  /** Domain of the clusters' host names. */
  domain?: string | undefined;
}

/** A request and its answer. */
export interface Exchange {
  request: RequestHead;
  /** Path and query sent upstream. */
  target: string;
  /** Its seat until the answer begins; absent for a moment while it is taken. */
  seat: Seat | undefined;
  /** The same until the end: its tenant pays for the answer's bytes. */
  payer: Seat | undefined;
  started: boolean;
  /** Remaining body: bytes, or chunks. */
  left: number;
  chunks: ChunkReader | undefined;
  /** 100 (Continue) was sent, or the client does not wait for it. */
  continued: boolean;
  /** Bytes sent upstream, kept until an answer begins. */
  sent: Buffer[];
  size: number;
  receiving: boolean;
  repeated: boolean;
  answer: Answer;
  watch: WatchBridge | undefined;
  /** The answer is complete. */
  answered: boolean;
}

export function exchangeOf(request: RequestHead, target: string, answer: Answer): Exchange {
  const { framing } = request;
  const isChunked = framing === 'chunked';
  return {
    request,
    target,
    seat: undefined,
    payer: undefined,
    started: false,
    left: isChunked ? 0 : framing,
    chunks: isChunked ? new ChunkReader() : undefined,
    continued: false,
    sent: [],
    size: 0,
    receiving: false,
    repeated: false,
    answer,
    watch: undefined,
    answered: false,
  };
}

/**
 * Path for the upstream request. On a cluster's own port or host the cluster's path is put before the client's: nothing else can be reached
 * there.
 */
export function targetFor({ host, target }: RequestHead, { cluster, domain }: ConnectionOptions): string {
  const id = cluster ?? (domain === undefined ? undefined : clusterOfHost(host, domain));
  return id === undefined ? target : `${PATH}${id}${target}`;
}

/** Whether the request's body is complete. */
export const isWhole = ({ left, chunks }: Exchange): boolean => (chunks ? chunks.done : left === 0);

/** Whether the body will end soon, so that another request can follow on the connection. */
export const endsSoon = (exchange: Exchange): boolean => {
  const { request, continued, chunks, left } = exchange;
  if (isWhole(exchange)) return true;
  return !chunks && left <= UNREAD_BYTES && (!request.expects || continued);
};
