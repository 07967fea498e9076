import { describe, expect, it } from 'vitest';
import { Deployment } from '../../../src/api/apps/deployment.ts';
import { checkStructure } from '../../../src/api/machinery/decode.ts';
import type { StrategyContext } from '../../../src/api/machinery/define-kind.ts';
import { errorBody } from '../../../src/api/machinery/field-errors.ts';
import { clone, type KubeObject, type Obj } from '../../../src/lib/json.ts';
import { seeded } from '../../fixtures/prng.ts';
import golden from './deployment.json' with { type: 'json' };

/** What a 1.36.3 API server answered to each change of one Deployment: field errors, warnings, the defaulted spec. */
interface Case {
  change: [path: string, value: unknown][];
  errors?: string[];
  warnings?: string[];
  defaulted?: Obj;
}

const cx: StrategyContext = { now: 0, random: seeded(1), get: () => undefined, list: () => [] };

function changed(change: Case['change']): KubeObject {
  const object: Obj = clone(golden.base);
  for (const [path, value] of change) {
    const keys = path.split('.');
    const last = keys.pop() as string;
    const parent = keys.reduce((at, key) => at[key], object);
    if (value === null) delete parent[last];
    else parent[last] = clone(value);
  }
  const deployment = checkStructure(Deployment.schema, object, 'Ignore').object;
  Deployment.defaults?.(deployment);
  Deployment.prepareCreate?.(deployment, cx);
  return deployment;
}

describe('a Deployment is judged as by the reference', () => {
  for (const [i, one] of (golden.cases as unknown as Case[]).entries()) {
    it(`case ${i}: ${one.change.map(([path]) => path.replace('spec.template.spec.', '')).join(', ') || 'unchanged'}`, () => {
      const deployment = changed(one.change);
      const errors = (Deployment.validateCreate?.(deployment, cx) ?? []).map((e) => `${e.field}: ${errorBody(e)}`);
      expect(errors.toSorted()).toEqual((one.errors ?? []).toSorted());
      if (one.errors) return;
      expect(Deployment.warnings?.(deployment, undefined) ?? []).toEqual(one.warnings ?? []);
      if (one.defaulted) expect(deployment.spec).toEqual(one.defaulted);
    });
  }
});
