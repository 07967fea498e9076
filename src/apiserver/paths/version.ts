import type { Answer } from '../messages.ts';
import { JSON_TYPE } from '../negotiate.ts';

/** The version that this server behaves as, and the one that it is compatible with. */
export const VERSION = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.3',
  gitCommit: '$Format:%H$',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'go1.26.8',
  compiler: 'gc',
  platform: 'linux/amd64',
};
const TEXT = JSON.stringify(VERSION, null, 2);

/** /version (apiserver pkg/server/routes/version.go). */
export const version = (): Answer => ({ status: 200, headers: { 'content-type': JSON_TYPE }, body: TEXT });
