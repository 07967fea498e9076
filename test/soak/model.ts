import { type Operation, outcome, type Resource, type State } from './operations.ts';

/**
 * What the clients of one cluster know of it: of each object the states that it may be in. An answer leaves one; a request without an
 * answer may have been done or not, and leaves two.
 */
export class Model {
  readonly #possible = new Map<string, State[]>();

  /** A copy as of now: what a fork begins with. */
  copy(): Model {
    const copy = new Model();
    for (const [key, states] of this.#possible) copy.#possible.set(key, [...states]);
    return copy;
  }

  #states(key: string): State[] {
    return this.#possible.get(key) ?? [null];
  }

  #become(key: string, states: State[]): void {
    if (states.length === 1 && states[0] === null) this.#possible.delete(key);
    else this.#possible.set(key, [...new Set(states)]);
  }

  /** An operation was answered so; says what is wrong with that. */
  answered(o: Operation, status: number, seen: State | undefined): string | undefined {
    const key = keyOf(o.resource, o.name);
    const before = this.#states(key);
    const all = before.map((state) => outcome(o, state)).filter((found) => found.status === status);
    if (all.length === 0) return `${o.verb} ${key} was answered ${status}, though there was ${told(before)}`;
    const after = all.map((found) => found.after);
    if (seen === undefined) {
      this.#become(key, after);
      return undefined;
    }
    this.#become(key, [seen]);
    return after.includes(seen) ? undefined : `${o.verb} ${key} showed ${told([seen])}, though there must be ${told(after)}`;
  }

  /** An operation was not answered. */
  unanswered(o: Operation): void {
    const key = keyOf(o.resource, o.name);
    const before = this.#states(key);
    this.#become(key, [...before, ...before.map((state) => outcome(o, state).after)]);
  }

  /** A list showed this; says what is wrong with that. */
  listed(resource: Resource, found: Map<string, string>): string[] {
    const wrong: string[] = [];
    const names = new Set(found.keys());
    for (const key of this.#possible.keys()) {
      const [of, name] = key.split(' ');
      if (of === resource) names.add(name);
    }
    for (const name of names) {
      const key = keyOf(resource, name);
      const seen = found.get(name) ?? null;
      const states = this.#states(key);
      if (!states.includes(seen)) wrong.push(`${key} is ${told([seen])}, though there must be ${told(states)}`);
      this.#become(key, [seen]);
    }
    return wrong;
  }
}

const keyOf = (resource: Resource, name: string) => `${resource} ${name}`;
const told = (states: State[]) => states.map((state) => (state === null ? 'nothing' : `"${state}"`)).join(' or ');
