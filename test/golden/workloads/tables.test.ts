import { describe, expect, it } from 'vitest';
import { kindTable } from '../../../src/api/kinds.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import golden from './tables.json' with { type: 'json' };

/** Rows of Tables that a 1.36.3 API server printed, `now` ms being the moment. */
type Tables = Record<string, { now: number; rows: { object: KubeObject; cells: unknown[]; conditions?: Obj[] }[] }>;

const table = kindTable(false);

for (const [address, { now, rows }] of Object.entries(golden as unknown as Tables)) {
  const [plural, version, group = ''] = address.split('/').reverse();
  const kind = table.served(group, version, plural)?.kind;
  describe(`${address} are printed as by the reference`, () => {
    for (const { object, cells, conditions } of rows) {
      it(`${object.metadata.name}: ${cells.join(' ')}`, () => {
        expect(kind?.columns?.map((column) => column.value(object, now))).toEqual(cells);
        expect(kind?.rowConditions?.(object) ?? []).toEqual(conditions ?? []);
      });
    }
  });
}
