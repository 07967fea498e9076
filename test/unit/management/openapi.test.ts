import { dump } from 'js-yaml';
import { expect, it } from 'vitest';
import { documentOf } from '../../../src/management/app.ts';
import { makeManagement } from './world.ts';

it('openapi.yaml is what the routes say ("npm run openapi" writes it)', async () => {
  const text = dump(JSON.parse(JSON.stringify(documentOf(makeManagement().app))), { lineWidth: 130, noRefs: true });
  await expect(text).toMatchFileSnapshot('../../../openapi.yaml');
});
