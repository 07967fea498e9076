import { isObject, type Obj, setMember } from '../../lib/json.ts';

/**
 * RFC 7386. `target` may be changed and the result may share parts with both. Nulls of objects that the target lacks go too
 * (evanphx/json-patch MergePatch).
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const out: Obj = isObject(target) ? target : {};
  for (const key in patch) {
    const value = patch[key];
    if (value === null) delete out[key];
    else {
      const old = Object.hasOwn(out, key) ? out[key] : undefined;
      if (isObject(value)) setMember(out, key, mergePatch(old, value));
      else setMember(out, key, Array.isArray(value) && !isObject(old) ? pruned(value) : value);
    }
  }
  return out;
}

/** A list without the nulls of the objects in it (pruneNils); its own stay. */
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  return isObject(value) ? mergePatch({}, value) : value;
}
