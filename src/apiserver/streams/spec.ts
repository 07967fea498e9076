import type { StreamSpec } from '../../lib/stream.ts';
import type { IncludeObject } from '../table.ts';

/** The state of a watch that is kept while its cluster sleeps. */
export interface WatchSpec extends StreamSpec {
  type: 'watch';
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
  /** Begin with the current objects. */
  initial: boolean;
  /** A Table's columns were sent with its first event. */
  columnsSent: boolean;
}
