import { describe, expect, it } from 'vitest';
import { templateHash } from '../../../src/controllers/shared/hash.ts';
import golden from '../../golden/template-hashes.json' with { type: 'json' };

describe('pod-template-hash', () => {
  it.each(golden.map(({ hash, template }) => [hash, template] as const))(
    '[CTL22] %s is what Kubernetes 1.36.3 computes',
    (hash, template) => {
      expect(templateHash(template, undefined)).toBe(hash);
    },
  );

  it('[CTL22] does not see what means nothing, and sees a collision', () => {
    const [{ template }] = golden;
    const padded = { ...template, metadata: { ...template.metadata, annotations: {}, creationTimestamp: null } };
    expect(templateHash(padded, undefined)).toBe(templateHash(template, undefined));
    expect(templateHash(template, 1)).not.toBe(templateHash(template, undefined));
  });
});
