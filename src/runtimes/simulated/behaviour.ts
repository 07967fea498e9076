import type { KubeObject, Obj } from '../../lib/json.ts';
import { type Behaviour, FIELDS, type Known, ownKeys } from './fields.ts';
import { parseCourse } from './course.ts';
import { jitter } from './jitter.ts';

/** Annotation of a pod, or of a node for all its pods: the behaviour of the containers as JSON (SPEC SIM2). */
export const SIMULATE = 'atoll.dev/simulate';

export const FAST: Behaviour = {
  stages: 'fast',
  pull: 'ok',
  pullSeconds: 0,
  ready: true,
  readySeconds: 0,
  exitSeconds: 0,
  terminationSeconds: 0,
  postStart: 'ok',
  preStop: 'ok',
  probes: {},
  jitterSeconds: 0,
};

/** The behaviours of the containers of a pod, and what of the annotation is not understood. */
export interface Script {
  stages: Behaviour['stages'];
  of(container: Obj, isInit: boolean): Behaviour;
  warning?: string;
}

const FAST_SCRIPT: Script = { stages: 'fast', of: () => FAST };

/** Fields of a pod's behaviour that its init containers share; the others are of its main containers. */
const SHARED = ['stages', 'pull', 'pullFailures', 'pullSeconds', 'terminationSeconds', 'jitterSeconds'];

/** The script of a pod: from its annotation, else its node's, else the fast one. */
export function scriptOf(pod: KubeObject, node: KubeObject): Script {
  const text = pod.metadata.annotations?.[SIMULATE] ?? node.metadata.annotations?.[SIMULATE];
  return text === undefined ? FAST_SCRIPT : parse(text, pod);
}

function parse(text: string, pod: KubeObject): Script {
  let asked: Obj;
  try {
    asked = JSON.parse(text);
  } catch (error) {
    return { ...FAST_SCRIPT, warning: `${SIMULATE} is no JSON: ${(error as Error).message}` };
  }
  if (!isObject(asked)) return { ...FAST_SCRIPT, warning: `${SIMULATE} is no JSON object` };
  const problems: string[] = [];
  const known = read(asked, '', problems, true);
  const own = { ...known.own, ...chosen(known.oneOf, pod) };
  const shared = Object.fromEntries(Object.entries(own).filter(([key]) => SHARED.includes(key)));
  const byLabel = Object.entries(known.labels).flatMap(([selector, fields]) => (hasLabel(pod, selector) ? [fields] : []));
  return {
    stages: own.stages === 'fast' ? 'fast' : 'lifelike',
    of: ({ name, image }, isInit) =>
      Object.assign(
        { ...FAST, stages: 'lifelike' },
        isInit ? shared : own,
        ...byLabel,
        known.images[image],
        known.containers[name],
      ),
    ...(problems.length && { warning: `${SIMULATE}: ${problems.join('; ')}` }),
  };
}

const isObject = (value: unknown): value is Obj => value !== null && typeof value === 'object' && !Array.isArray(value);

interface Read {
  own: Partial<Behaviour>;
  containers: Record<string, Partial<Behaviour>>;
  images: Record<string, Partial<Behaviour>>;
  labels: Record<string, Partial<Behaviour>>;
  oneOf: { weight: number; own: Partial<Behaviour> }[];
}

const TABLES = ['containers', 'images', 'labels'] as const;

/** Reads the fields of an object; what is not understood is left out and named. Only the outermost one has tables of others. */
function read(asked: Obj, path: string, problems: string[], isOutermost: boolean): Read {
  const out: Read = { own: {}, containers: {}, images: {}, labels: {}, oneOf: [] };
  for (const [key, value] of Object.entries(asked)) {
    const table = isOutermost ? TABLES.find((name) => name === key) : undefined;
    if (table && isObject(value)) {
      for (const [name, fields] of Object.entries(value))
        if (isObject(fields)) out[table][name] = read(fields, `${key}.${name}.`, problems, false).own;
        else problems.push(`${key}.${name} is no object`);
    } else if (isOutermost && key === 'oneOf' && Array.isArray(value) && value.every(isObject)) {
      out.oneOf = value.map(({ weight = 1, ...fields }, i) => ({
        weight: typeof weight === 'number' && weight >= 0 ? weight : 1,
        own: read(fields, `oneOf[${i}].`, problems, false).own,
      }));
    } else readField(out.own, key, value, path, problems);
  }
  return out;
}

/** What a container uses is computed by use.ts, when it is asked for. */
const USES: ReadonlySet<string> = new Set(['cpu', 'memory']);

function readField(own: Obj, key: string, value: unknown, path: string, problems: string[]): void {
  if (USES.has(key) && parseCourse(value, 0)) return;
  const field = ownKeys.has(key) ? FIELDS[key as Known] : undefined;
  const found = field?.(value);
  if (found !== undefined) own[key] = found;
  else
    problems.push(
      field || USES.has(key) ? `${path}${key} cannot be ${JSON.stringify(value)?.slice(0, 40)}` : `${path}${key} is unknown`,
    );
}

const hasLabel = ({ metadata }: KubeObject, selector: string): boolean => {
  const [key, value] = selector.split('=', 2);
  const found = metadata.labels?.[key];
  return found !== undefined && (value === undefined || value === found);
};

/** One of the behaviours of `oneOf`, by weight; always the same one for a pod. */
function chosen(options: Read['oneOf'], { metadata }: KubeObject): Partial<Behaviour> {
  const total = options.reduce((sum, { weight }) => sum + weight, 0);
  let rest = (jitter(metadata.uid ?? '', 'oneOf', 1_000_000) / 1_000_000) * total;
  for (const { weight, own } of options) {
    if (rest < weight) return own;
    rest -= weight;
  }
  return {};
}
