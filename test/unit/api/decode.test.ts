import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { goSchema } from '../../../src/api/schema/go.ts';
import { kindTable } from '../../../src/api/kinds.ts';
import { checkStructure, decodeBody, type FieldValidation, StructureError } from '../../../src/api/machinery/decode.ts';
import type { Kind } from '../../../src/api/machinery/define-kind.ts';
import { StatusError } from '../../../src/api/machinery/status-errors.ts';

const table = kindTable(false);
const kind = (resource: string) => table.byResource(resource) as Kind;
const decode = (resource: string, body: string, mode: FieldValidation = 'Warn', type = 'application/json') =>
  decodeBody(kind(resource), undefined, body, type, mode);

interface Case {
  resource: string;
  mode: FieldValidation;
  type: string;
  body: string;
  code?: number;
  message?: string;
  warnings?: string[];
}
/** What a Kubernetes 1.36 API server answered to each body. */
const cases: Case[] = JSON.parse(readFileSync(new URL('../../golden/decode/cases.json', import.meta.url), 'utf8'));

/** Texts that come from the YAML parser itself: ours is another one, so only the frame around them is compared. */
const frame = (message: string) => message.replace(/yaml: .* \(/, 'yaml: ... (');

describe('decoding answers as a 1.36 server', () => {
  it.each(cases)('$type $mode $resource $body', ({ resource, mode, type, body, code, message, warnings }) => {
    let answer: unknown;
    try {
      answer = { warnings: decode(resource, body, mode, type).warnings };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      answer = { code: error.code, message: frame(error.message) };
    }
    expect(answer).toEqual(message === undefined ? { warnings } : { code, message: frame(message) });
  });
});

describe('normalisation is that of Go', () => {
  const object = (resource: string, text: string) => decode(resource, text).object;

  it('drops nulls and empty optional things, and prints structs always', () => {
    const body =
      '{"metadata":{"name":"a","labels":{},"annotations":{"x":null},"creationTimestamp":null},"spec":{"replicas":0,"paused":false,' +
      '"minReadySeconds":0,"selector":{"matchLabels":{}},"template":{"spec":{"containers":[],"hostNetwork":false,"nodeSelector":null,' +
      '"volumes":[{"name":"v","emptyDir":{}}]}}}}';
    expect(object('apps/deployments', body)).toEqual({
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'a', annotations: { x: '' } },
      spec: {
        replicas: 0,
        selector: {},
        strategy: {},
        template: { metadata: {}, spec: { containers: null, volumes: [{ name: 'v', emptyDir: {} }] } },
      },
      status: {},
    });
  });

  it('prints what has no omitempty, as zero or null', () => {
    expect(object('rbac.authorization.k8s.io/clusterroles', '{"metadata":{"name":"a"},"rules":[]}')).toMatchObject({
      rules: null,
    });
    expect(object('apps/replicasets', '{"metadata":{"name":"a"}}')).toMatchObject({
      spec: { selector: null },
      status: { replicas: 0 },
    });
    expect(object('events', '{"metadata":{"name":"a"}}')).toMatchObject({
      involvedObject: {},
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: null,
      reportingComponent: '',
      reportingInstance: '',
    });
  });

  it('writes quantities, times and bytes canonically', () => {
    const pod = object(
      'pods',
      '{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":0.5,"memory":"1024Mi"}}}]}}',
    );
    expect(pod.spec.containers[0].resources.limits).toEqual({ cpu: '500m', memory: '1Gi' });
    expect(object('secrets', '{"data":{"a":"YR==","b":"YQ==\\n","c":null}}').data).toEqual({ a: 'YQ==', b: 'YQ==', c: '' });
    const lease = object('coordination.k8s.io/leases', '{"spec":{"renewTime":"2020-01-01T00:00:00.123456+01:00"}}');
    expect(lease.spec.renewTime).toBe('2019-12-31T23:00:00.123456Z');
  });

  it('merges duplicates into one struct, as decoding twice does', () => {
    const { object: cm, warnings } = decode(
      'configmaps',
      '{"metadata":{"name":"a","labels":{"x":"1"}},"metadata":{"labels":{"y":"2"}}}',
    );
    expect(cm.metadata).toEqual({ name: 'a', labels: { x: '1', y: '2' } });
    expect(warnings).toEqual(['duplicate field "metadata"']);
  });

  it('keeps a key called __proto__ as data', () => {
    const { object: cm } = decode('configmaps', '{"metadata":{"name":"a"},"data":{"__proto__":"x","n":null}}');
    expect(Object.keys(cm.data)).toEqual(['__proto__', 'n']);
    expect(JSON.stringify(cm.data)).toBe('{"__proto__":"x","n":""}');
  });

  it('does not mutate its input, and copies nothing that is as it should be', () => {
    const spec = { holderIdentity: 'x' };
    const input = { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', metadata: { name: 'a', labels: {} }, spec };
    const { object: lease } = checkStructure(goSchema('io.k8s.api.coordination.v1.Lease'), input, 'Strict');
    expect(input.metadata.labels).toEqual({});
    expect(lease.spec).toBe(spec);
    expect(lease.metadata).toEqual({ name: 'a' });
  });

  it('refuses a value made by a patch in the same words', () => {
    const check = (value: unknown, mode: FieldValidation) => () =>
      checkStructure(goSchema('io.k8s.api.core.v1.ConfigMap'), value, mode);
    expect(check({ data: { a: 1 } }, 'Ignore')).toThrow(
      new StructureError('json: cannot unmarshal number into Go struct field ConfigMap.data of type string'),
    );
    expect(check({ bogus: 1 }, 'Strict')).toThrow('strict decoding error: unknown field "bogus"');
    expect(check({ bogus: 1 }, 'Warn')()).toMatchObject({ warnings: ['unknown field "bogus"'] });
    expect(check({ bogus: 1 }, 'Ignore')()).toEqual({ object: { metadata: {} }, warnings: [] });
  });

  it('survives what nests deeper than the stack', () => {
    const deep = `{"metadata":${'['.repeat(200_000)}`;
    expect(() => decode('configmaps', deep)).toThrow(/unexpected end of JSON input|exceeded max depth/);
    const closed = `{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(() => decode('configmaps', closed)).toThrow(StatusError);
  });

  it('refuses aliases that blow up', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`),
    ].join('\n');
    expect(() => decode('configmaps', bomb, 'Warn', 'application/yaml')).toThrow(/document contains excessive aliasing/);
  });
});
