import { clone, type KubeObject, type Obj } from '../../../src/lib/json.ts';
import type { Random } from '../../../src/lib/random.ts';
import type { View } from '../../../src/registry/view.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import { decide } from '../../../src/scheduler/explain.ts';
import { snapshotOf } from '../../../src/scheduler/snapshot.ts';
import { ControllerBench } from '../../host/controller-bench.ts';
import { type Recorded, type RecordedStep, stateOf, type States } from './record.ts';
import { fixed, TEAMS } from './world-parts.ts';

/** What differs between the two after a step. */
export interface Difference {
  seed: number;
  step: number;
  pod: string;
  what: string;
  ours: unknown;
  theirs: unknown;
}

const START = Date.UTC(2026, 0, 2);
const STEP_MS = 1000;

/** The object as it was sent: an API server merges matchLabelKeys into label selectors, and refuses what is merged already. */
function unmerged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmerged);
  if (typeof value !== 'object' || value === null) return value;
  const out: Obj = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unmerged(one)]));
  const merged: string[] = [...(out.matchLabelKeys ?? []), ...(out.mismatchLabelKeys ?? [])];
  if (merged.length && out.labelSelector?.matchExpressions) {
    const matchExpressions = out.labelSelector.matchExpressions.filter((e: Obj) => !merged.includes(e.key));
    out.labelSelector = { ...out.labelSelector, matchExpressions };
  }
  return out;
}

/** A world of ours: the registry, the reconciler and the scheduler; where chance decides, it decides as the reference's did. */
class Ours {
  readonly #bench: ControllerBench;
  /** Where the reference put the pods by the end of this step. */
  #theirs: States = {};

  constructor() {
    this.#bench = new ControllerBench(
      [
        {
          ...scheduler,
          reconcile: (key, view, cx) => scheduler.reconcile(key, view, { ...cx, maxWrites: 1, random: this.#chooser(view) }),
        },
      ],
      { now: START },
    );
    for (const object of fixed()) this.#bench.add(object);
  }

  /** Chance that takes, of equally good nodes, the one that the reference took. */
  #chooser(view: View): Random {
    const next = () => {
      const snapshot = snapshotOf(view);
      for (const { info } of snapshot.queue()) {
        const { best } = decide(info, snapshot, view);
        if (best.length < 2) continue;
        const at = best.findIndex((node) => node.name === this.#theirs[info.pod.metadata.name]?.node);
        return (Math.max(at, 0) + 0.5) / best.length;
      }
      return 0;
    };
    return { next, uuid: () => this.#bench.random.uuid() };
  }

  begin(objects: KubeObject[]): void {
    for (const object of objects) this.#add(object);
    this.#bench.settle();
  }

  perform({ op, object, after }: RecordedStep): void {
    this.#theirs = after;
    this.#bench.now += STEP_MS;
    const { name, namespace = 'default' } = object.metadata;
    const resource = object.kind === 'Pod' ? 'pods' : 'nodes';
    if (op === 'create') this.#add(object);
    else if (op === 'delete') this.#bench.remove(resource, name, { namespace, grace: 0 });
    else {
      const { spec } = object;
      this.#bench.edit(
        resource,
        name,
        (old) => {
          old.spec = clone(spec);
          old.metadata.labels = clone(object.metadata.labels);
        },
        namespace,
      );
    }
    this.#bench.settle();
  }

  #add(object: KubeObject): void {
    const { name, namespace, labels, annotations } = object.metadata;
    const metadata: Obj = {
      name,
      ...(namespace && { namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    };
    this.#bench.add({ ...(unmerged(object) as KubeObject), metadata });
  }

  states(): States {
    const pods = TEAMS.flatMap((namespace) => this.#bench.list('pods', namespace));
    return Object.fromEntries(pods.map((pod) => [pod.metadata.name, stateOf(pod)] as const).sort());
  }
}

/** The first step after which the two differ, and how; empty when they never do. */
export function compare({ seed, objects, steps }: Recorded): Difference[] {
  const ours = new Ours();
  ours.begin(objects);
  for (const [step, recorded] of steps.entries()) {
    ours.perform(recorded);
    const found: Difference[] = [];
    const [mine, theirs] = [ours.states(), recorded.after];
    for (const pod of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
      for (const what of ['node', 'reason', 'message', 'nominated', 'victim', 'deleting'] as const) {
        const [a, b] = [mine[pod]?.[what], theirs[pod]?.[what]];
        if (a !== b) found.push({ seed, step, pod, what, ours: a, theirs: b });
      }
    }
    if (found.length) return found;
  }
  return [];
}
