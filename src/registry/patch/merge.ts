import type { Obj } from '../../lib/json.ts';

/**
 * RFC 7386. `target` may be changed and the result may share parts with both. Nulls of objects that the target lacks go too
 * (evanphx/json-patch MergePatch).
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const out: Obj = typeof target === 'object' && target !== null && !Array.isArray(target) ? (target as Obj) : {};
  for (const key in patch) {
    const value = (patch as Obj)[key];
    if (value === null) delete out[key];
    else if (typeof value === 'object' && !Array.isArray(value))
      out[key] = mergePatch(Object.hasOwn(out, key) ? out[key] : undefined, value);
    else out[key] = value;
  }
  return out;
}
