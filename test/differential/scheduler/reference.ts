import { readFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { type Target, targetOf } from '../../bench/client.ts';
import { type Recorded, type RecordedStep, stateOf, type States } from './record.ts';
import { fixed, TEAMS } from './world-parts.ts';
import type { Step, World } from './world.ts';

/** Nothing has changed for so long: both schedulers rest, ms. */
const QUIET_MS = 60;
/** Informers have heard of all objects after so long, ms. */
const HEARD_MS = 60;
/** A pod that has no condition by now was left alone, ms. */
const SILENCE_MS = 15_000;
/** Most pods have no back-off left after so long: those that are queued at once are then tried in the order of their priorities, ms. */
const BACKOFF_MS = 2200;
/** A pod that waits for another attempt for so long waits without end: without nodes it is tried again and again, ms. */
const BUSY_MS = 3000;
const POLL_MS = 10;

const PLURALS: Record<string, string> = {
  Node: '/api/v1/nodes',
  Namespace: '/api/v1/namespaces',
  PersistentVolume: '/api/v1/persistentvolumes',
  PriorityClass: '/apis/scheduling.k8s.io/v1/priorityclasses',
  StorageClass: '/apis/storage.k8s.io/v1/storageclasses',
};
const NAMESPACED: Record<string, [string, string]> = {
  Pod: ['/api/v1', 'pods'],
  Service: ['/api/v1', 'services'],
  PersistentVolumeClaim: ['/api/v1', 'persistentvolumeclaims'],
  PodDisruptionBudget: ['/apis/policy/v1', 'poddisruptionbudgets'],
};

function collectionOf({ kind, metadata }: KubeObject): string {
  const plural = PLURALS[kind];
  if (plural) return plural;
  const [base, resource] = NAMESPACED[kind];
  return `${base}/namespaces/${metadata.namespace}/${resource}`;
}

/** A real API server and kube-scheduler that nothing else uses. */
export class Reference {
  readonly #target: Target;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #metrics: string | undefined;
  /** Pods as last heard of, by name. */
  readonly #pods = new Map<string, KubeObject>();
  #changed = 0;
  #watching: ClientRequest | undefined;

  constructor(kubeconfig: string, metrics: string | undefined) {
    this.#target = targetOf(readFileSync(kubeconfig, 'utf8'));
    this.#metrics = metrics;
  }

  #options(method: string, path: string, type = 'application/json'): RequestOptions {
    const { host, port, ca, cert, key, prefix } = this.#target;
    const headers = { accept: 'application/json', 'content-type': type };
    return { host, port, ca, cert, key, method, path: prefix + path, agent: this.#agent, headers };
  }

  async #send(options: RequestOptions, body?: Obj): Promise<{ status: number; text: string }> {
    return await new Promise((resolve, reject) => {
      const sent = request(options, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body && JSON.stringify(body));
    });
  }

  async #json(method: string, path: string, body?: Obj, type?: string): Promise<KubeObject> {
    const { status, text } = await this.#send(this.#options(method, path, type), body);
    if (status >= 300 && status !== 404)
      throw new Error(`${method} ${path}: ${status} ${text.slice(0, 500)} ${JSON.stringify(body)}`);
    return JSON.parse(text);
  }

  /** Makes what all worlds share, and begins to watch pods. */
  async open(): Promise<void> {
    for (const object of fixed()) {
      const { status, text } = await this.#send(this.#options('POST', collectionOf(object)), object);
      if (status >= 300 && status !== 409) throw new Error(text);
    }
    await this.clean();
    const ended = (error: Error) => {
      if (this.#watching) throw error;
    };
    const watching = request({ ...this.#options('GET', '/api/v1/pods?watch=true'), agent: new Agent() }, (answer) => {
      const lines = createInterface(answer);
      lines.on('line', (line) => this.#heard(JSON.parse(line))).on('error', ended);
    });
    watching.on('error', ended);
    watching.end();
    this.#watching = watching;
  }

  #heard({ type, object }: { type: string; object: KubeObject }): void {
    this.#changed = performance.now();
    if (type === 'DELETED') this.#pods.delete(object.metadata.name);
    else this.#pods.set(object.metadata.name, object);
  }

  /** Removes every world. */
  async clean(): Promise<void> {
    const namespaced = TEAMS.flatMap((namespace) =>
      Object.values(NAMESPACED)
        .filter(([, resource]) => resource !== 'services')
        .map(([base, resource]) => `${base}/namespaces/${namespace}/${resource}?gracePeriodSeconds=0`),
    );
    await Promise.all([...namespaced, PLURALS.Node, PLURALS.PersistentVolume].map((path) => this.#json('DELETE', path)));
    for (const namespace of TEAMS) {
      for (const app of ['web', 'db'])
        await this.#send(this.#options('DELETE', `/api/v1/namespaces/${namespace}/services/${app}`));
    }
    while (this.#pods.size) await sleep(POLL_MS);
  }

  /** The world as the reference stores it, and what its pods look like after each step. */
  async record(world: World): Promise<Recorded> {
    const objects: KubeObject[] = [];
    const nodes = world.objects.filter((o) => o.kind === 'Node');
    for (const some of [nodes, world.objects.filter((o) => o.kind !== 'Node')]) {
      objects.push(...(await Promise.all(some.map((object) => this.#create(object)))));
    }
    await sleep(HEARD_MS);
    const steps: RecordedStep[] = [];
    for (const step of world.steps) {
      const isOfAll = step.op !== 'create' || step.object.kind !== 'Pod';
      if (isOfAll && this.#failed() > 1) await sleep(BACKOFF_MS);
      const object = await this.#perform(step);
      await this.#rest(step.op === 'create' && step.object.kind === 'Pod' ? step.object : undefined);
      steps.push({ op: step.op, object, after: this.#states() });
    }
    await this.clean();
    return { seed: world.seed, objects, steps };
  }

  async #create(object: KubeObject): Promise<KubeObject> {
    const { status, ...rest } = object;
    const path = collectionOf(object);
    const created = await this.#json('POST', path, object.kind === 'Node' ? object : rest);
    if (object.kind === 'Node' || !status) return created;
    return await this.#json('PATCH', `${path}/${object.metadata.name}/status`, { status }, 'application/merge-patch+json');
  }

  async #perform({ op, object }: Step): Promise<KubeObject> {
    const path = collectionOf(object);
    const one = `${path}/${object.metadata.name}`;
    if (op === 'create') return await this.#create(object);
    if (op === 'delete') {
      await this.#json('DELETE', `${one}?gracePeriodSeconds=0`);
      return object;
    }
    const old = await this.#json('GET', one);
    const spec = object.kind === 'Pod' ? { ...old.spec, schedulingGates: undefined } : object.spec;
    const metadata = { ...old.metadata, labels: object.metadata.labels };
    return await this.#json('PUT', one, { ...old, metadata, spec });
  }

  #states(): States {
    return Object.fromEntries([...this.#pods.values()].map((pod) => [pod.metadata.name, stateOf(pod)] as const).sort());
  }

  /** Waits until the pod was decided on, and nothing has changed since. */
  async #rest(fresh: KubeObject | undefined): Promise<void> {
    const { name } = fresh?.metadata ?? {};
    const ignored = fresh?.spec.schedulerName === 'another' && !fresh.spec.schedulingGates;
    const start = performance.now();
    this.#changed = start;
    while (name && !ignored && performance.now() - start < SILENCE_MS) {
      const pod = this.#pods.get(name);
      if (pod && (pod.spec.nodeName || pod.status?.conditions?.length)) break;
      await sleep(POLL_MS / 2);
    }
    for (;;) {
      const left = QUIET_MS - (performance.now() - this.#changed);
      if (left > 0) await sleep(left);
      else if (performance.now() - start > BUSY_MS || !(await this.#busy())) return;
      else await sleep(POLL_MS);
    }
  }

  /** The number of pods that fit nowhere. */
  #failed(): number {
    return [...this.#pods.values()].filter((pod) => stateOf(pod).reason === 'Unschedulable').length;
  }

  /** Whether victims are still to be deleted, or the scheduler says that pods wait for an attempt (its scheduler_pending_pods). */
  async #busy(): Promise<boolean> {
    const states = [...this.#pods.values()].map(stateOf);
    if (states.some((state) => state.victim && !state.deleting)) return true;
    if (!this.#metrics || !this.#failed()) return false;
    const url = new URL(this.#metrics);
    const { cert, key } = this.#target;
    const { text } = await this.#send({
      host: url.hostname,
      port: url.port,
      path: url.pathname,
      cert,
      key,
      rejectUnauthorized: false,
      agent: this.#agent,
    });
    return /^scheduler_pending_pods\{queue="(active|backoff)"\} [1-9]/m.test(text);
  }

  close(): void {
    const watching = this.#watching;
    this.#watching = undefined;
    watching?.destroy();
    this.#agent.destroy();
  }
}
