import type { KindTable } from '../../api/kinds.ts';
import type { Answer } from '../messages.ts';
import { JSON_TYPE } from '../negotiate.ts';
import { HEALTH_CHECKS } from './health.ts';

const OTHERS = [
  '/.well-known/openid-configuration',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/openid/v1/jwks',
  '/version',
];

/** / lists every path (apiserver pkg/server/routes/index.go). */
export function rootPaths(kinds: KindTable): Answer {
  const paths = [...OTHERS];
  for (const group of kinds.groups()) {
    if (!group.name) continue;
    paths.push(`/apis/${group.name}`, ...group.versions.map((v) => `/apis/${group.name}/${v.version}`));
  }
  for (const [root, checks] of Object.entries(HEALTH_CHECKS)) {
    paths.push(
      `/${root}`,
      ...checks.filter((check) => check !== 'shutdown' || root === 'readyz').map((check) => `/${root}/${check}`),
    );
  }
  return { status: 200, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify({ paths: paths.sort() }, null, 2) };
}
