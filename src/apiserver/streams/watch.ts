import { BOOKMARK_REVISIONS } from '../limits.ts';
import { checkStructure } from '../../api/machinery/decode.ts';
import { apiVersionOf, type Kind, resourceOf } from '../../api/machinery/define-kind.ts';
import { gone, type StatusError } from '../../api/machinery/status-errors.ts';
import { parseStored } from '../../api/machinery/numerals.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Session, StreamPort } from '../../lib/stream.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ChangeType, LogRow, Row } from '../../store/rows.ts';
import { type Form, metadataText, objectText, partialText } from '../convert.ts';
import { tooLarge } from '../../registry/list.ts';
import { columnsFor, definitionsText, rowOf, tableText } from '../table.ts';
import { watchCacheOf } from './watch-cache.ts';
import { WatchSelector } from './selector.ts';
import type { WatchSpec } from './spec.ts';

const END_OF_INITIAL = '{"k8s.io/initial-events-end":"true"}';

/**
 * One watch: messages of frames, a line of JSON each. Its spec is its whole state; a session made from it goes on where it was.
 */
export class WatchSession implements Session {
  readonly spec: WatchSpec;
  readonly #port: StreamPort;
  readonly #registry: Registry;
  readonly #form: Form;
  readonly #resource: string;
  readonly #selector: WatchSelector;
  /** Sessions with the same form of frames share them. */
  readonly #formKey: string;
  /** Revision of the last frame that had one. */
  #sentRevision: number;
  #closed = false;

  /** Throws where the registry does not serve what the spec says: see canWatch. */
  constructor(spec: WatchSpec, registry: Registry, port: StreamPort) {
    const found = registry.kinds.served(spec.group, spec.version, spec.resource);
    if (!found) throw new Error(`a watch of what is not served: ${spec.group}/${spec.version}/${spec.resource}`);
    this.spec = { ...spec };
    this.#port = port;
    this.#registry = registry;
    this.#form = { kind: found.kind, served: found.served };
    this.#resource = resourceOf(found.kind);
    this.#selector = new WatchSelector(found.kind, spec.namespace, spec.labelSelector, spec.fieldSelector);
    this.#formKey = `${spec.as} ${spec.apiVersion} ${spec.include} ${spec.group}/${spec.version}`;
    this.#sentRevision = spec.revision;
  }

  /** Whether the watch has ended: an ERROR was the last frame. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Sends the first events: the current objects, or the changes after the client's revision. */
  initial(now: number): void {
    this.#send(() => this.#begin(now));
    this.#port.save(this.spec);
  }

  /**
   * Sends everything that was committed since the last call, as one message. What the port keeps is not renewed with every message (see
   * resumptions): only the rest of the spec is worth keeping when it changes.
   */
  pump(now: number): number {
    const { columnsSent } = this.spec;
    const sent = this.#send(() => this.#news(now));
    if (this.spec.columnsSent !== columnsSent) this.#port.save(this.spec);
    return sent;
  }

  /** Sends the frames as one message. A message that could not be sent was not: the state is as before. */
  #send(make: () => readonly string[]): number {
    const before = { spec: { ...this.spec }, sentRevision: this.#sentRevision, closed: this.#closed };
    try {
      const frames = make();
      if (frames.length === 0) return 0;
      this.#port.send(frames.length === 1 ? (frames[0] as string) : frames.join(''));
      return 1;
    } catch (error) {
      Object.assign(this.spec, before.spec);
      this.#sentRevision = before.sentRevision;
      this.#closed = before.closed;
      throw error;
    }
  }

  #begin(now: number): string[] {
    const current = this.#registry.revision;
    const { spec } = this;
    if (!spec.initial) return this.#news(now);
    spec.initial = false;
    if (spec.revision > current) return this.#fail(tooLarge(spec.revision, current));
    const frames: string[] = [];
    for (const row of this.#existing()) {
      if (!this.#selector.matches(this.#registry.decode(row))) continue;
      frames.push(this.#frame('ADDED', row, now));
    }
    spec.revision = current;
    this.#sentRevision = current;
    if (spec.bookmarks) frames.push(this.#bookmark(current, END_OF_INITIAL, now));
    return frames;
  }

  /** Current rows whose key matches; the other terms need the object. */
  #existing(): Row[] {
    const { labelSelector, fieldSelector, namespace } = this.spec;
    if (!this.#selector.looksInside) {
      const all = this.#registry.log.list({ resource: this.#resource, ...(namespace && { namespace }) });
      return fieldSelector ? all.filter((row) => this.#selector.mayConcern(row)) : all;
    }
    return this.#registry.list(this.#form.kind, { namespace, labelSelector, fieldSelector }).rows;
  }

  #news(now: number): string[] {
    if (this.#closed) return [];
    const { spec } = this;
    const { log, revision: head } = this.#registry;
    if (head <= spec.revision) return [];
    if (spec.revision < log.compacted()) {
      return this.#fail(gone(`too old resource version: ${spec.revision} (${log.compacted()})`));
    }
    const frames: string[] = [];
    for (const row of watchCacheOf(this.#registry).since(this.#resource, spec.revision)) {
      if (!this.#selector.mayConcern(row)) continue;
      const frame = this.#selector.looksInside ? this.#filtered(row, now) : this.#shared(row.type, row, now);
      if (frame !== undefined) frames.push(frame);
    }
    spec.revision = head;
    if (frames.length) this.#sentRevision = head;
    else if (spec.bookmarks && head - this.#sentRevision >= BOOKMARK_REVISIONS) {
      this.#sentRevision = head;
      frames.push(this.#bookmark(head, undefined, now));
    }
    return frames;
  }

  #shared(type: ChangeType, row: LogRow, now: number): string {
    // Cells hold ages, and the first Table its columns: those are made for each.
    if (this.spec.as === 'Table') return this.#frame(type, row, now);
    return watchCacheOf(this.#registry).frame(row, `${this.#formKey} ${type}`, () => this.#frame(type, row, now));
  }

  /**
   * A change as a selector sees it: what begins to match is ADDED, what ceases to is DELETED
   * (cacheWatcher.convertToWatchEvent).
   */
  #filtered(row: LogRow, now: number): string | undefined {
    const is = row.type !== 'DELETED' && this.#selector.matches(this.#registry.decode(row));
    const before = watchCacheOf(this.#registry).before(row);
    const was = before !== undefined && this.#selector.matches(this.#registry.decode(before));
    if (is) return this.#shared(was ? 'MODIFIED' : 'ADDED', row, now);
    if (!was) return undefined;
    if (row.type === 'DELETED') return this.#shared('DELETED', row, now);
    // The last state that matched, at the revision at which it ceased to.
    const json = before.json.replace(`"resourceVersion":"${before.rev}"`, () => `"resourceVersion":"${row.rev}"`);
    // Revision 0: this text is no state that a memo knows.
    return this.#frame('DELETED', { ...row, rev: 0, json }, now);
  }

  #frame(type: ChangeType, row: Row, now: number): string {
    return `{"type":"${type}","object":${this.#body(row, now)}}\n`;
  }

  #body(row: Row, now: number): string {
    const { json } = row;
    const { as, apiVersion, include } = this.spec;
    if (as === 'object') return objectText(this.#form, json);
    const { kind } = this.#form;
    if (as === 'PartialObjectMetadata') return partialText(apiVersion, metadataText(kind, json));
    const object = row.rev ? this.#registry.decode(row) : parseStored(json);
    const shown = include === 'Object' ? objectText(this.#form, json) : partialText(apiVersion, metadataText(kind, json));
    return this.#table(object, include === 'None' ? 'null' : shown, now);
  }

  #table(object: KubeObject, text: string, now: number): string {
    const { spec } = this;
    const { kind } = this.#form;
    const headers = spec.columnsSent ? null : definitionsText(columnsFor(kind));
    spec.columnsSent = true;
    const meta = `"resourceVersion":"${object.metadata.resourceVersion}"`;
    return tableText(spec.apiVersion, meta, headers, [rowOf(columnsFor(kind), object, now, text)]);
  }

  /** A BOOKMARK: an empty object of the kind that carries a revision, and at the end of the initial events says so. */
  #bookmark(revision: number, annotations: string | undefined, now: number): string {
    const metadata = `{"resourceVersion":"${revision}"${annotations ? `,"annotations":${annotations}` : ''}}`;
    return `{"type":"BOOKMARK","object":${this.#bookmarkBody(metadata, now)}}\n`;
  }

  #bookmarkBody(metadata: string, now: number): string {
    const { as, apiVersion } = this.spec;
    if (as === 'PartialObjectMetadata') return partialText(apiVersion, metadata);
    const empty = emptyObject(this.#form);
    const text = empty.replace('"metadata":{}', () => `"metadata":${metadata}`);
    if (as === 'object') return text;
    return this.#table(JSON.parse(text), partialText(apiVersion, metadata), now);
  }

  #fail(error: StatusError): string[] {
    this.#closed = true;
    return [`{"type":"ERROR","object":${JSON.stringify(error.status)}}\n`];
  }
}

const empties = new WeakMap<Kind, Map<string, string>>();

/** The zero value of a kind as Go prints it. */
function emptyObject({ kind, served }: Form): string {
  const apiVersion = apiVersionOf(served ?? kind);
  let texts = empties.get(kind);
  if (!texts) {
    texts = new Map();
    empties.set(kind, texts);
  }
  let text = texts.get(apiVersion);
  if (text === undefined) {
    const { object } = checkStructure((served ?? kind).schema, { kind: kind.kind, apiVersion, metadata: {} }, 'Ignore');
    const { kind: _, apiVersion: __, metadata: ___, ...rest } = object;
    text = JSON.stringify({ kind: kind.kind, apiVersion, metadata: {}, ...rest });
    texts.set(apiVersion, text);
  }
  return text;
}
