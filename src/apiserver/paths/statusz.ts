import { failure } from '../../api/machinery/status-errors.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { Deps } from '../call.ts';
import type { Answer, ApiRequest } from '../messages.ts';
import { text } from '../respond.ts';
import { VERSION } from './version.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LEAD = `
apiserver statusz
Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.

`;
const PATHS = ['/healthz', '/livez', '/readyz', '/statusz', '/version'];

/** /statusz (component-base zpages/statusz): age and version of the cluster. There is no process that started. */
export function statusz({ registry }: Deps, path: string, request: ApiRequest, now: number): Answer | undefined {
  if (path !== '/statusz') return undefined;
  const accept = request.header('accept') || '*/*';
  if (!/text\/(?:plain|\*)|\*\/\*/.test(accept)) {
    throw failure(
      406,
      'NotAcceptable',
      'only the following media types are accepted: application/json, application/yaml, text/plain',
    );
  }
  const since = registry.object('namespaces', '', 'kube-system')?.metadata.creationTimestamp ?? '';
  const started = parseTime(since) || now;
  const up = Math.max(0, now - started);
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  const separator = accept.includes('text/plain') ? ':' : '';
  const lines: [string, string][] = [
    ['Started', new Date(started).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, '$1 $3 $2 $5 UTC $4')],
    ['Up', `${Math.floor(up / HOUR)} hr ${two((up % HOUR) / MINUTE)} min ${two((up % MINUTE) / 1000)} sec`],
    ['Go version', VERSION.goVersion],
    ['Binary version', VERSION.gitVersion.slice(1)],
    ['Emulation version', `${VERSION.emulationMajor}.${VERSION.emulationMinor}`],
    ['Paths', PATHS.join(' ')],
  ];
  return text(200, `${LEAD}${lines.map(([name, value]) => `${name}${separator}  ${value}`).join('\n')}\n\n`);
}
