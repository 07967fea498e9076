import { SLOW_MS } from '../../../src/worker/limits.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeError, isLogged, kubernetesEntry, log } from '../../../src/worker/edge/log.worker.ts';
import { Metrics } from '../../../src/worker/edge/metrics.worker.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('metrics', () => {
  it('are counted by class and code, with latencies in buckets, in the form of Prometheus', () => {
    const metrics = new Metrics();
    metrics.answered('kubernetes', 200, 3);
    metrics.answered('kubernetes', 200, 700);
    metrics.answered('management', 503, 20_000);
    metrics.count('atoll_turns_total');
    metrics.count('atoll_watches_opened_total');
    const lines = metrics.exposition().split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'atoll_requests_total{class="kubernetes",code="200"} 2',
        'atoll_requests_total{class="management",code="503"} 1',
        'atoll_request_duration_seconds_bucket{class="kubernetes",le="0.0025"} 0',
        'atoll_request_duration_seconds_bucket{class="kubernetes",le="0.005"} 1',
        'atoll_request_duration_seconds_bucket{class="kubernetes",le="+Inf"} 2',
        'atoll_request_duration_seconds_bucket{class="management",le="10"} 0',
        'atoll_request_duration_seconds_sum{class="kubernetes"} 0.703',
        'atoll_turns_total 1',
        'atoll_watches_open 1',
      ]),
    );
    // Every sample is of a metric that was announced, and every line is well-formed.
    const announced = new Set(lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]));
    for (const line of lines.filter((text) => text && !text.startsWith('#'))) {
      expect(line).toMatch(/^[a-z_0-9]+(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? -?[0-9.e+-]+$/);
      expect(announced).toContain(line.replace(/[{ ].*$/, '').replace(/_(bucket|sum|count)$/, ''));
    }
  });
});

describe('the log', () => {
  it('is one line of JSON a request', () => {
    const said: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((text: string) => void said.push(text));
    log('info', { type: 'management', requestId: 'r', status: 200 });
    expect(said).toHaveLength(1);
    expect(JSON.parse(said[0])).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      type: 'management',
      requestId: 'r',
      status: 200,
    });
  });

  it('says what sort of request it was, and no name of what it was about', () => {
    const entry = kubernetesEntry(
      'abc',
      'GET',
      '/api/v1/namespaces/private-project/secrets/the-plan?fieldSelector=metadata.name%3Dx',
    );
    expect(entry).toEqual({
      type: 'kubernetes',
      cluster: 'abc',
      verb: 'get',
      group: '',
      version: 'v1',
      resource: 'secrets',
      subresource: '',
    });
    expect(JSON.stringify(kubernetesEntry('abc', 'GET', '/healthz/../private'))).not.toContain('private');
  });

  it('says where an error came from, and none of its words', () => {
    const told = describeError(new TypeError('the password of alice is hunter2'));
    expect(told.error).toBe('TypeError');
    expect(told.at?.[0]).toMatch(/^at /);
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });

  it('has Kubernetes requests that failed or took long', () => {
    expect([isLogged(200, 5), isLogged(404, 5), isLogged(500, 5), isLogged(200, SLOW_MS)]).toEqual([false, false, true, true]);
  });
});
