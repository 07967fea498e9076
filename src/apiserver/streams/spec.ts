import type { IncludeObject } from '../table.ts';

/** Everything that a watch must remember while its cluster sleeps: plain JSON, small enough for a socket's attachment. */
export interface WatchSpec {
  group: string;
  version: string;
  /** Plural as served. */
  resource: string;
  /** "" for all. */
  namespace: string;
  labelSelector: string;
  fieldSelector: string;
  /** Everything up to this revision was sent. */
  revision: number;
  as: 'object' | 'Table' | 'PartialObjectMetadata';
  /** apiVersion of a Table or PartialObjectMetadata. */
  apiVersion: string;
  include: IncludeObject;
  /** The client reads BOOKMARK events. */
  bookmarks: boolean;
  /** Begin with what is there now. */
  initial: boolean;
  /** A Table's columns were sent with its first event. */
  headers: boolean;
  user: string;
  /** Which credential opened it (CREDENTIAL_ID): the watch ends with it. "" for one that cannot be revoked by itself. */
  credential: string;
  /** When the credential expires, ms since the epoch; absent: never. */
  expires?: number;
  timeoutSeconds: number;
  /** Under this name lies what the audit log is told when the watch ends. */
  audit?: string;
}
