import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readConfiguration } from '../../../src/authn/oidc/configuration.ts';

const page = readFileSync(new URL('../../../docs/authentication.md', import.meta.url), 'utf8');

it('[AUTHN6] every configuration that docs/authentication.md shows is a good one', () => {
  const shown = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml]) => yaml);
  expect(shown).toHaveLength(2);
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n';
  for (const yaml of shown) {
    const { jwt } = readConfiguration(yaml.includes('apiVersion:') ? yaml : head + yaml);
    expect(jwt).toHaveLength(1);
  }
});
