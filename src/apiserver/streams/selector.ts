import type { Kind } from '../../api/machinery/define-kind.ts';
import { checkFields, exactField, type FieldTerm, matchesFields, parseFieldSelector } from '../../api/machinery/fields.ts';
import { matches, parseSelector, type Requirement } from '../../api/machinery/labels.ts';
import type { KubeObject } from '../../lib/json.ts';
import { selection } from '../../registry/selectors.ts';
import type { Row } from '../../store/rows.ts';

/** Which objects a watch is about: what the key answers, and what only the object does. */
export class WatchSelector {
  readonly #namespace: string;
  readonly #name: string | undefined;
  readonly #labels: readonly Requirement[];
  readonly #fields: readonly FieldTerm[];
  readonly #kind: Kind;

  /** Throws the 400 of a bad selector. */
  constructor(kind: Kind, namespace: string, labelSelector: string, fieldSelector: string) {
    const fields = fieldSelector ? parseFieldSelector(fieldSelector) : [];
    checkFields(fields, kind.selectable);
    this.#kind = kind;
    this.#namespace = namespace || (exactField(fields, 'metadata.namespace') ?? '');
    this.#name = exactField(fields, 'metadata.name');
    this.#labels = labelSelector ? parseSelector(labelSelector) : [];
    this.#fields = fields.filter((term) => !term.equal || (term.field !== 'metadata.name' && !this.#byKey(term)));
  }

  /** Is the term answered by the namespace that was asked for? */
  #byKey(term: FieldTerm): boolean {
    return term.field === 'metadata.namespace' && term.value === this.#namespace;
  }

  /** Must the object be read to know? */
  get looksInside(): boolean {
    return this.#labels.length > 0 || this.#fields.length > 0;
  }

  /** Namespace and name alone. */
  mayConcern(row: Row): boolean {
    return (this.#namespace === '' || row.namespace === this.#namespace) && (this.#name === undefined || row.name === this.#name);
  }

  matches(object: KubeObject): boolean {
    if (!matches(this.#labels, object.metadata.labels)) return false;
    return this.#fields.length === 0 || matchesFields(this.#fields as FieldTerm[], object, this.#kind.selectable);
  }
}

/** Throws the 400 of a selector that the kind does not understand, or that a list could not use. */
export function checkSelectors(kind: Kind, labelSelector: string, fieldSelector: string): void {
  selection(kind, labelSelector, fieldSelector);
}
