import type { Kind } from '../../api/machinery/define-kind.ts';
import { checkFields, exactField, type FieldTerm, matchesFields, parseFieldSelector } from '../../api/machinery/fields.ts';
import { matches, parseSelector, type Requirement } from '../../api/machinery/labels.ts';
import type { KubeObject } from '../../lib/json.ts';
import { selection } from '../../registry/selectors.ts';
import type { Row } from '../../store/rows.ts';

/** The selector of a watch: the terms that the key answers, and those that need the object. */
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

  /** Whether the requested namespace answers the term. */
  #byKey(term: FieldTerm): boolean {
    return term.field === 'metadata.namespace' && term.value === this.#namespace;
  }

  /** Whether the object must be read. */
  get looksInside(): boolean {
    return this.#labels.length > 0 || this.#fields.length > 0;
  }

  /** Whether namespace and name match. */
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
