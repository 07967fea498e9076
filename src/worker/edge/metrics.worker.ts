/**
 * Metrics of this isolate: a local server has one isolate, a deployment many, each with its own counters. No label names a tenant (MG97).
 */

/** Upper bounds of the buckets of a latency histogram, seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MS = 1000;

/** Class of a request, a label. */
export type RequestClass = 'kubernetes' | 'watch' | 'management';

class Histogram {
  readonly buckets = Array.from({ length: BUCKETS.length + 1 }, () => 0);
  sum = 0;
  count = 0;

  observe(seconds: number): void {
    let i = 0;
    while (i < BUCKETS.length && seconds > BUCKETS[i]) i++;
    this.buckets[i]++;
    this.sum += seconds;
    this.count++;
  }
}

/** Help texts of the counters by name. */
const HELP = {
  atoll_clusters_created_total: 'Clusters whose object was made.',
  atoll_clusters_destroyed_total: 'Clusters whose object was destroyed.',
  atoll_turns_total: 'Turns of clusters that had something to do.',
  atoll_drain_errors_total: 'Drains, and other phases of a turn, that failed; the alarm goes on with what they left.',
  atoll_alarms_lost_total: 'Alarms that should have fired long ago when somebody looked.',
  atoll_usage_errors_total: "Reports of usage that the deployment's database did not take; they come with the next.",
  atoll_errors_total: 'Requests that failed in a way that nobody foresaw.',
  atoll_d1_queries_total: "Statements sent to the deployment's database by management.",
  atoll_watches_opened_total: 'Watches opened.',
  atoll_watches_closed_total: 'Watches closed.',
};
export type Counter = keyof typeof HELP;

/** The counters of one isolate. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #latencies: Record<RequestClass, Histogram> = {
    kubernetes: new Histogram(),
    watch: new Histogram(),
    management: new Histogram(),
  };
  readonly #counters = Object.fromEntries(Object.keys(HELP).map((name) => [name, 0])) as Record<Counter, number>;

  count(name: Counter): void {
    this.#counters[name]++;
  }

  /** Counts a request that was answered. */
  answered(of: RequestClass, status: number, ms: number): void {
    const key = `${of} ${status}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    this.#latencies[of].observe(ms / MS);
  }

  /** The text exposition format of Prometheus, 0.0.4. */
  exposition(): string {
    const lines: string[] = [];
    const metric = (name: string, type: string, help: string) => lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    metric('atoll_requests_total', 'counter', 'Requests answered, by class and status code.');
    for (const [key, n] of [...this.#requests].sort()) {
      const [of, status] = key.split(' ');
      lines.push(`atoll_requests_total{class="${of}",code="${status}"} ${n}`);
    }
    metric('atoll_request_duration_seconds', 'histogram', 'Time from the request to its answer, for watches to its beginning.');
    for (const [of, { buckets, sum, count: n }] of Object.entries(this.#latencies)) {
      let below = 0;
      BUCKETS.forEach((end, i) => {
        below += buckets[i];
        lines.push(`atoll_request_duration_seconds_bucket{class="${of}",le="${end}"} ${below}`);
      });
      lines.push(`atoll_request_duration_seconds_bucket{class="${of}",le="+Inf"} ${n}`);
      lines.push(
        `atoll_request_duration_seconds_sum{class="${of}"} ${sum}`,
        `atoll_request_duration_seconds_count{class="${of}"} ${n}`,
      );
    }
    for (const name of Object.keys(HELP) as Counter[]) {
      metric(name, 'counter', HELP[name]);
      lines.push(`${name} ${this.#counters[name]}`);
    }
    metric('atoll_watches_open', 'gauge', 'Watches that are open, also of clusters that sleep.');
    lines.push(`atoll_watches_open ${this.#counters.atoll_watches_opened_total - this.#counters.atoll_watches_closed_total}`);
    return `${lines.join('\n')}\n`;
  }
}

/** Metrics of this isolate, shared by the Worker, its objects and management. */
export const metrics = new Metrics();
