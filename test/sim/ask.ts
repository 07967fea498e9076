import { equal, type Obj } from '../../src/lib/json.ts';
import { checkFresh } from './fresh.ts';
import type { World } from './world.ts';

export const merge = { 'content-type': 'application/merge-patch+json' };
export const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
export const apply = { 'content-type': 'application/apply-patch+yaml' };

/** Subresources that answer with something else than what they wrote. */
const VIEWS = /\/(scale|eviction|binding)(\?|$)/;

/**
 * One request of a client. A refusal (404, 409, 422 ...) is an answer like any other, and leaves no trace; a 5xx is none,
 * unless the disk failed under it. What is acknowledged is in the log, and a dry run is not.
 */
export function ask(
  world: World,
  method: string,
  url: string,
  body?: Obj,
  headers?: Record<string, string>,
): Obj & { code: number } {
  const { store } = world.host.cluster.registry;
  const before = store.revision();
  const answer = requested(world, method, url, body, headers);
  const what = `${method} ${url}`;
  const failed = answer.failed || world.disk.failed();
  if (answer.status >= 500 && !failed && !severalBudgets(answer.body)) throw new Error(`${what}: ${answer.text}`);
  // An expired token renews the server's own lease: the client that waits for another revision gets one.
  const silent = (answer.status >= 400 && method !== 'GET') || url.includes('dryRun=All');
  if (silent && store.revision() !== before) throw new Error(`${what} was answered with ${answer.status} and wrote`);
  if (failed) checkFresh(world, `${what} that failed`);
  if (failed && answer.status < 500) throw new Error(`${what}: the disk failed, and the answer was ${answer.status}`);
  if (!silent && method !== 'GET' && method !== 'DELETE' && !VIEWS.test(url)) acknowledge(world, what, answer.body);
  return { ...answer.body, code: answer.status };
}

function requested(world: World, method: string, url: string, body?: Obj, headers?: Record<string, string>) {
  try {
    return { ...world.host.request(method, url, body, headers), failed: false };
  } catch (error) {
    if (!world.disk.failed()) throw error;
    return { status: 500, body: {} as Obj, text: String(error), failed: true };
  }
}

/** Upstream's own 500. */
const severalBudgets = (body: Obj): boolean => /more than one PodDisruptionBudget/.test(body.message ?? '');

function acknowledge(world: World, what: string, body: Obj): void {
  world.ledger.read();
  const entry = world.ledger.revised(Number(body.metadata.resourceVersion));
  const last = world.ledger.entries.at(-1);
  // It was held by a finalizer alone, and is gone: the answer is its last state.
  if (entry && last?.type === 'DELETED' && last.old === entry) return;
  if (!entry || !equal(entry.object, body))
    throw new Error(`${what}: the answer is not what the log holds at ${body.metadata.resourceVersion}`);
}

export const namespaceOf = (world: World) => world.pick([...world.model.namespaces]);

/** Any living object of a resource, with its address. */
export function anyOf(world: World, resource: string): { url: string; object: Obj } | undefined {
  world.ledger.read();
  const known = [...world.ledger.live(resource).values()];
  if (!known.length) return undefined;
  const object: Obj = structuredClone(world.pick(known).object);
  const { namespace, name } = object.metadata;
  return { url: urlOf(resource, namespace, name), object };
}

export function urlOf(resource: string, namespace?: string, name?: string): string {
  const [group, plural] = resource.includes('/') ? resource.split('/') : ['', resource];
  const base = group ? `/apis/${group}/v1` : '/api/v1';
  return `${base}${namespace ? `/namespaces/${namespace}` : ''}/${plural}${name ? `/${name}` : ''}`;
}

/** How the containers of a template behave: mostly at once and well; what fails is mended before the world comes to rest. */
const BEHAVIOURS = [
  { pullSeconds: 2, readySeconds: 3, terminationSeconds: 4, jitterSeconds: 2 },
  { terminationSeconds: 20 },
  { pull: 'fail' },
  { exitCode: 1, exitSeconds: 7 },
  { exitCode: 0, exitSeconds: 15 },
  { ready: false },
];

export function simulated(world: World): Obj {
  return world.chance(0.25) ? { annotations: { 'atoll.dev/simulate': JSON.stringify(world.pick(BEHAVIOURS)) } } : {};
}

export function template(world: World, app: string, image: string): Obj {
  return {
    metadata: { labels: { app, tier: world.pick(['front', 'back']) }, ...simulated(world) },
    spec: { containers: [{ name: 'c', image }] },
  };
}
