/** Just enough of a scanner to find functions and their lengths, and to drop comments and strings, without a compiler. */

interface Found {
  name: string;
  line: number;
  lines: number;
}

/** The text with comments blanked (line breaks kept), so that a banned name in a comment does not count. */
function withoutComments(text: string): string {
  return blank(text, { comments: true, strings: false });
}

function blank(text: string, what: { comments: boolean; strings: boolean }): string {
  let out = '';
  let i = 0;
  const hide = (end: number, hidden: boolean) => {
    const part = text.slice(i, end);
    out += hidden ? part.replace(/[^\n]/g, ' ') : part;
    i = end;
  };
  while (i < text.length) {
    const two = text.slice(i, i + 2);
    if (two === '//') hide(endOf(text, '\n', i), what.comments);
    else if (two === '/*') hide(endOf(text, '*/', i + 2) + 2, what.comments);
    else if (text[i] === "'" || text[i] === '"' || text[i] === '`') hide(stringEnd(text, i), what.strings);
    else if (text[i] === '/' && regexMayStart(out)) hide(regexEnd(text, i), what.strings);
    else hide(i + 1, false);
  }
  return out;
}

const endOf = (text: string, mark: string, from: number) => {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
};

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === text[start]) return i + 1;
  }
  return text.length;
}

const regexMayStart = (before: string): boolean => /(?:^|[=(,:;!&|?{}[\n]|return|=>)\s*$/.test(before.slice(-20));

function regexEnd(text: string, start: number): number {
  let inClass = false;
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '\n') return start + 1;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return start + 1;
}

const FUNCTION = /function\*?\s+(\w+)/;
const METHOD =
  /^\s+(?:(?:static|async|get|set|private|public|protected|override|readonly)\s+)*(#?\w+)\s*(?:<[^>\n]*>)?\([^)]*\)[^;={]*\{/;
const ARROW = /(?:const|let)\s+(\w+)\s*(?::[^=\n]+)?=\s*(?:async\s*)?(?:<[^>\n]*>)?(?:\([^)]*\)|\w+)(?::[^=\n]+)?\s*=>\s*\{/;

/** Functions and methods with their length in lines, from the name to the closing brace. */
function functions(text: string): Found[] {
  const code = blank(text, { comments: true, strings: true });
  const found: Found[] = [];
  const heads = new RegExp(`${FUNCTION.source}|${METHOD.source}|${ARROW.source}`, 'gm');
  for (const match of code.matchAll(heads)) {
    const name = match[1] ?? match[2] ?? match[3];
    if (['if', 'for', 'while', 'switch', 'catch', 'return', 'constructor'].includes(name) && name !== 'constructor') continue;
    const open = match[1] ? bodyStart(code, match.index + match[0].length) : match.index + match[0].length - 1;
    if (open < 0) continue;
    const close = closing(code, open);
    const first = code.slice(0, match.index + match[0].search(/\S/)).split('\n').length;
    found.push({ name, line: first, lines: code.slice(0, close).split('\n').length - first + 1 });
  }
  return found;
}

/** The brace that opens a function's body: after the parameter list, past a return type. */
function bodyStart(code: string, from: number): number {
  let depth = 0;
  for (let i = from; i < code.length; i++) {
    if (code[i] === '(') depth++;
    else if (code[i] === ')' && --depth === 0) {
      const rest = /^\s*(?::\s*(?:\{[^{}]*\}|[^{};])*?)?\{/.exec(code.slice(i + 1));
      return rest ? i + rest[0].length : -1;
    }
  }
  return -1;
}

function closing(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (code[i] === '{') depth++;
    else if (code[i] === '}' && --depth === 0) return i;
  }
  return code.length;
}

export default { withoutComments, functions };
