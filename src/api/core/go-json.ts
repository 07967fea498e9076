/** How Go's encoding/json words it when text is not a JSON object; undefined when it is one. */
export function jsonProblem(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return syntaxProblem(text);
  }
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
}

const END = 'unexpected end of JSON input';
const shown = (c: string) => (c === "'" ? "'\\''" : c === '"' ? `'"'` : `'${c}'`);

/** A scanner over JSON's grammar that stops at the first wrong character, as Go's does. */
function syntaxProblem(text: string): string {
  let at = 0;
  const fail = (where: string): never => {
    throw new Error(at < text.length ? `invalid character ${shown(text[at] as string)} ${where}` : END);
  };
  const space = () => {
    while (at < text.length && ' \t\r\n'.includes(text[at] as string)) at++;
  };
  const string = () => {
    at++;
    for (;;) {
      const c = text[at];
      if (c === undefined) fail('');
      if ((c as string) < ' ') fail('in string literal');
      at++;
      if (c === '"') return;
      if (c !== '\\') continue;
      if (!'bfnrt\\/"u'.includes(text[at] ?? '\0')) fail('in string escape code');
      const unicode = text[at++] === 'u';
      for (let i = 0; unicode && i < 4; i++, at++)
        if (!/[0-9a-fA-F]/.test(text[at] ?? '')) fail('in \\u hexadecimal character escape');
    }
  };
  const literal = (word: string) => {
    for (let i = 1; i < word.length; i++) {
      at++;
      if (text[at] !== word[i]) fail(`in literal ${word} (expecting ${shown(word[i] as string)})`);
    }
    at++;
  };
  const number = () => {
    if (text[at] === '-') at++;
    if (!/[0-9]/.test(text[at] ?? '')) fail('in numeric literal');
    if (text[at] === '0') at++;
    else while (/[0-9]/.test(text[at] ?? '')) at++;
    if (text[at] === '.') {
      at++;
      if (!/[0-9]/.test(text[at] ?? '')) fail('after decimal point in numeric literal');
      while (/[0-9]/.test(text[at] ?? '')) at++;
    }
    if (text[at] === 'e' || text[at] === 'E') {
      at++;
      if (text[at] === '+' || text[at] === '-') at++;
      if (!/[0-9]/.test(text[at] ?? '')) fail('in exponent of numeric literal');
      while (/[0-9]/.test(text[at] ?? '')) at++;
    }
  };
  const list = (close: string, what: string, item: () => void) => {
    at++;
    space();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      item();
      space();
      if (text[at] === close) break;
      if (text[at] !== ',') fail(`after ${what}`);
      at++;
      space();
    }
    at++;
  };
  const value = () => {
    space();
    const c = text[at] ?? '';
    if (c === '{') {
      list('}', 'object key:value pair', () => {
        if (text[at] !== '"') fail('looking for beginning of object key string');
        string();
        space();
        if (text[at] !== ':') fail('after object key');
        at++;
        value();
      });
    } else if (c === '[') list(']', 'array element', value);
    else if (c === '"') string();
    else if (c === 't') literal('true');
    else if (c === 'f') literal('false');
    else if (c === 'n') literal('null');
    else if (c && '-0123456789'.includes(c)) number();
    else fail('looking for beginning of value');
  };
  try {
    value();
    space();
    if (at < text.length) fail('after top-level value');
  } catch (error) {
    return (error as Error).message;
  }
  return END;
}
