import type { FairQueue, Seat } from './fair-queue.ts';
import type { Answer } from './http-answer.ts';
import { ChunkReader } from './http-body.ts';
import type { RequestHead } from './http-request.ts';
import { UNREAD_BYTES } from './limits.ts';
import { clusterOfHost } from '../management/clusters/host.ts';
import type { WatchBridge } from './watch-bridge.ts';

const PATH = '/clusters/';

/** Where the server behind is. */
export interface Address {
  host: string;
  port: number;
  /** By which the Worker knows this front (ATOLL_FRONT). */
  secret: string;
}

/** What a connection serves. */
export interface ConnectionOptions {
  backend: Address;
  fair: FairQueue;
  /** The only one that requests can reach: of a cluster's own port. */
  cluster?: string | undefined;
  /** Under which clusters have host names of their own. */
  domain?: string | undefined;
}

/** One request and its answer. */
export interface Exchange {
  request: RequestHead;
  /** Path and query as the server behind sees them. */
  target: string;
  /** Its place among the others, until the answer begins; absent for a moment while it is taken. */
  seat: Seat | undefined;
  /** The same for as long as it lasts: its tenant pays for what is answered. */
  payer: Seat | undefined;
  started: boolean;
  /** What is to come of its body: bytes, or chunks. */
  left: number;
  chunks: ChunkReader | undefined;
  /** The client was told to send the body, if it waits for that. */
  continued: boolean;
  /** What was sent behind, until bytes came back. */
  sent: Buffer[];
  size: number;
  heard: boolean;
  repeated: boolean;
  answer: Answer;
  watch: WatchBridge | undefined;
  /** The answer is whole. */
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
    heard: false,
    repeated: false,
    answer,
    watch: undefined,
    answered: false,
  };
}

/**
 * The address that a request is sent on to. Where the port, or the host, is one cluster's own, the cluster's path stands before whatever was
 * asked: nothing else can be reached there.
 */
export function targetFor({ host, target }: RequestHead, { cluster, domain }: ConnectionOptions): string {
  const id = cluster ?? (domain === undefined ? undefined : clusterOfHost(host, domain));
  return id === undefined ? target : `${PATH}${id}${target}`;
}

/** Whether the request's body is there to its end. */
export const isWhole = ({ left, chunks }: Exchange): boolean => (chunks ? chunks.done : left === 0);

/** Whether its end is near, so that another request can follow on the connection. */
export const endsSoon = (exchange: Exchange): boolean => {
  const { request, continued, chunks, left } = exchange;
  if (isWhole(exchange)) return true;
  return !chunks && left <= UNREAD_BYTES && (!request.expects || continued);
};
