import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mutate, MUTATIONS } from '../isolation/mutations.ts';

const ROOT = join(import.meta.dirname, '../..');

it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
  '[MG66] the place of a hole is there: %s',
  (_, mutation) => {
    const text = readFileSync(join(ROOT, mutation.file), 'utf8');
    expect(mutate(text, mutation)).not.toBe(text);
  },
);
