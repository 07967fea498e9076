import type { Requirement } from '../../api/machinery/labels.ts';
import { matches } from '../../api/machinery/labels.ts';
import type { Obj } from '../../lib/json.ts';
import type { ReconcileCx } from '../../reconcile/plan.ts';
import type { MeterOf, View } from '../../registry/view.ts';

/** A metric of a pod: `value` in thousandths, times in ms. */
export interface PodMetric {
  timestamp: number;
  windowMs: number;
  value: number;
}

export type PodMetrics = Map<string, PodMetric>;

/** Why there is no metric, in upstream's words. */
export class MetricError extends Error {}

/** A server of custom.metrics.k8s.io. What it has not is a MetricError with the message of its Status. */
export interface CustomMetrics {
  pods(
    asked: { metric: string; namespace: string; selector: readonly Requirement[]; of: Obj | undefined },
    cx: ReconcileCx,
  ): PodMetrics;
  object(asked: { metric: string; namespace: string; object: Obj; of: Obj | undefined }, cx: ReconcileCx): number;
}

/** A server of external.metrics.k8s.io: the values of a metric, in thousandths. */
export interface ExternalMetrics {
  values(asked: { metric: string; namespace: string; of: Obj | undefined }, cx: ReconcileCx): number[];
}

/** Where metrics come from; what is absent is an API that the cluster does not serve. */
export interface MetricSources {
  /** metrics.k8s.io. */
  meterOf?: MeterOf | undefined;
  custom?: CustomMetrics | undefined;
  external?: ExternalMetrics | undefined;
}

const NOT_SERVED = 'the server could not find the requested resource';
const RESOURCE_API = 'unable to fetch metrics from resource metrics API';
const CUSTOM_API = 'unable to fetch metrics from custom metrics API';
const EXTERNAL_API = 'unable to fetch metrics from external metrics API';

/** What is asked of a metrics API: pods of a namespace. */
export interface Pods {
  namespace: string;
  selector: readonly Requirement[];
}

/** metrics/client.go: the metrics of one sync. */
export class MetricsClient {
  readonly #sources: MetricSources;
  readonly #view: View;
  readonly #cx: ReconcileCx;
  /** Until when what was answered stays so, ms. */
  until = Number.POSITIVE_INFINITY;
  /** Pods that resource metrics were found for; undefined: nobody asked for such. */
  measured: Set<string> | undefined;

  constructor(sources: MetricSources, view: View, cx: ReconcileCx) {
    this.#sources = sources;
    this.#view = view;
    this.#cx = cx;
  }

  /** GetResourceMetric: of pods, or of one container of each. */
  resource(resource: string, { namespace, selector }: Pods, container: string): PodMetrics {
    const meter = this.#sources.meterOf?.(this.#view, this.#cx.now);
    if (!meter) throw new MetricError(`${RESOURCE_API}: ${NOT_SERVED} (get pods.metrics.k8s.io)`);
    const found: PodMetrics = new Map();
    this.measured ??= new Set();
    let isAny = false;
    for (const pod of this.#view.list('pods', namespace)) {
      const sample = matches(selector, pod.metadata.labels) ? meter.pod(pod) : undefined;
      if (!sample) continue;
      isAny = true;
      this.measured.add(pod.metadata.name);
      this.until = Math.min(this.until, sample.until);
      const measured = container ? sample.containers.filter(({ name }) => name === container) : sample.containers;
      const value = measured.reduce((sum, use) => sum + milliOf(use, resource), 0);
      const { timestamp, windowMs } = sample;
      if (measured.length && (resource === 'cpu' || resource === 'memory'))
        found.set(pod.metadata.name, { timestamp, windowMs, value });
    }
    if (!isAny) throw new MetricError('no metrics returned from resource metrics API');
    return found;
  }

  /** GetRawMetric. */
  pods(metric: string, pods: Pods, of: Obj | undefined): PodMetrics {
    const found = this.#custom().pods({ metric, ...pods, of }, this.#cx);
    if (!found.size) throw new MetricError('no metrics returned from custom metrics API');
    return found;
  }

  /** GetObjectMetric. */
  object(metric: string, namespace: string, object: Obj, of: Obj | undefined): number {
    return this.#custom().object({ metric, namespace, object, of }, this.#cx);
  }

  /** GetExternalMetric. */
  external(metric: string, namespace: string, of: Obj | undefined): number[] {
    const { external } = this.#sources;
    if (!external) throw new MetricError(`${EXTERNAL_API}: ${NOT_SERVED} (get ${metric}.external.metrics.k8s.io)`);
    this.until = this.#cx.now;
    const values = worded(EXTERNAL_API, () => external.values({ metric, namespace, of }, this.#cx));
    if (!values.length) throw new MetricError('no metrics returned from external metrics API');
    return values;
  }

  /** The server of custom metrics; nobody knows how long its answers hold. */
  #custom(): CustomMetrics {
    const { custom } = this.#sources;
    if (!custom) throw new MetricError(`${CUSTOM_API}: no custom metrics API (custom.metrics.k8s.io) registered`);
    this.until = this.#cx.now;
    return {
      pods: (asked, cx) => worded(CUSTOM_API, () => custom.pods(asked, cx)),
      object: (asked, cx) => worded(CUSTOM_API, () => custom.object(asked, cx)),
    };
  }
}

function worded<T>(what: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof MetricError) throw new MetricError(`${what}: ${error.message}`);
    throw error;
  }
}

/** Quantity.MilliValue of a use, which rounds up. */
const milliOf = (use: { cpu: number; memory: number }, resource: string): number =>
  resource === 'cpu' ? Math.ceil(Math.round(use.cpu) / 1_000_000) : Math.round(use.memory) * 1000;
