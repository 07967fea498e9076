import { badRequest } from '../../api/machinery/status-errors.ts';
import { JSON_DEPTH } from '../limits.ts';
import type { Filter } from '../call.ts';

const QUOTE = 34;
const BACKSLASH = 92;

/** Refuses bodies that are nested too deeply for recursive functions (Go's decoder has such a bound, of 10,000). */
export const depth: Filter = ({ request }) => {
  if (isTooDeep(request.body)) throw badRequest('json: exceeded max depth');
  return undefined;
};

/** Whether brackets are nested beyond JSON_DEPTH. Of YAML that counts the flow style; its blocks cost a line of spaces each. */
export function isTooDeep(text: string): boolean {
  // Every level costs two characters.
  if (text.length < 2 * JSON_DEPTH) return false;
  let level = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === BACKSLASH) i++;
      else if (c === QUOTE) quoted = false;
    } else if (c === QUOTE) quoted = true;
    // "{" and "[", "}" and "]" differ in one bit.
    else if ((c | 32) === 123) level++;
    else if ((c | 32) === 125) level--;
    if (level > JSON_DEPTH) return true;
  }
  return false;
}
