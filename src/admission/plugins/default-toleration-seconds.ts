import type { Obj } from '../../lib/json.ts';
import type { Plugin } from '../plugin.ts';

const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const SECONDS = 300;

/** DefaultTolerationSeconds: a pod tolerates a lost node for five minutes. */
export const defaultTolerationSeconds: Plugin = {
  name: 'DefaultTolerationSeconds',
  operations: ['CREATE', 'UPDATE'],
  resources: ['pods'],
  mutate({ object, subresource }) {
    if (!object || subresource) return;
    const own: Obj[] = object.spec.tolerations ?? [];
    const missing = KEYS.filter((key) => !own.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute')));
    if (!missing.length) return;
    const added = missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }));
    object.spec.tolerations = [...own, ...added];
  },
};
