import type { NameRule } from './define-kind.ts';
import { canonicalIP, cidrProblems, ipProblems } from './ip.ts';

/**
 * The formats of names, keys and values, with the words for what is wrong with them
 * (apimachinery util/validation and api/validate/content). Every check returns messages, none when fine.
 */

/** Shared by every successful check: no allocation on the happy path. */
const NONE: string[] = [];
Object.freeze(NONE);

const encoder = new TextEncoder();

/** Length in UTF-8 bytes, as Go's len(string). */
export function byteLength(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return encoder.encode(text).length;
  return text.length;
}

export const maxLenError = (length: number): string => `must be no more than ${length} characters`;
/** The same rule in the words that errors about labels have (api/validate/content). */
export const maxBytesError = (length: number): string => `must be no more than ${length} bytes`;
export const emptyError = (): string => 'must be non-empty';
export const rangeError = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

/** A message about a failed pattern, with examples. */
export function regexError(message: string, format: string, ...examples: string[]): string {
  if (!examples.length) return `${message} (regex used for validation is '${format}')`;
  return `${message} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}regex used for validation is '${format}')`;
}

interface Pattern {
  format: string;
  regex: RegExp;
  message: string;
  examples: string[];
  max: number;
  /** The limit is worded in bytes. */
  inBytes?: boolean;
}

const pattern = (format: string, max: number, message: string, ...examples: string[]): Pattern => ({
  format,
  regex: new RegExp(`^(?:${format})$`),
  message,
  examples,
  max,
});

function check(value: string, p: Pattern): string[] {
  const short = byteLength(value) <= p.max;
  const fits = p.regex.test(value);
  if (short && fits) return NONE;
  const errors = short ? [] : [p.inBytes ? maxBytesError(p.max) : maxLenError(p.max)];
  if (!fits) errors.push(regexError(p.message, p.format, ...p.examples));
  return errors;
}

const ENDS = 'and must start and end with an alphanumeric character';
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const SUBDOMAIN_UNDERSCORE = `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`;
const KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const subdomain = pattern(
  SUBDOMAIN,
  253,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${ENDS}`,
  'example.com',
);
const subdomainUnderscore = pattern(
  SUBDOMAIN_UNDERSCORE,
  253,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', ${ENDS}`,
  'example.com',
);
const wildcard = pattern(
  `\\*\\.${SUBDOMAIN}`,
  253,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of " +
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  '*.example.com',
);
const label = pattern(
  LABEL,
  63,
  `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${ENDS}`,
  'my-name',
  '123-abc',
);
const label1035 = pattern(
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  63,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
    'and end with an alphanumeric character',
  'my-name',
  'abc-123',
);
const labelKey = pattern(
  KEY,
  63,
  `must consist of alphanumeric characters, '-', '_' or '.', ${ENDS}`,
  'MyName',
  'my.name',
  '123-abc',
);
const labelValue: Pattern = {
  ...pattern(
    `(${KEY})?`,
    63,
    `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${ENDS}`,
    'MyValue',
    'my_value',
    '12345',
  ),
  inBytes: true,
};
const keyPrefix: Pattern = { ...subdomain, inBytes: true };
const unbounded = Number.POSITIVE_INFINITY;
const cIdentifier = pattern(
  '[A-Za-z_][A-Za-z0-9_]*',
  unbounded,
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
);
const configKey = pattern(
  '[-._a-zA-Z0-9]+',
  253,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
);
const percent = pattern(
  '[0-9]+%',
  unbounded,
  "a valid percent string must be a numeric string followed by an ending '%'",
  '1%',
  '93%',
);
const headerName = pattern(
  '[-A-Za-z0-9]+',
  unbounded,
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  'X-Header-Name',
);

export const isDns1123Subdomain = (value: string): string[] => check(value, subdomain);
export const isDns1123SubdomainWithUnderscore = (value: string): string[] => check(value, subdomainUnderscore);
export const isWildcardDns1123Subdomain = (value: string): string[] => check(value, wildcard);
export const isDns1035Label = (value: string): string[] => check(value, label1035);
export const isValidLabelValue = (value: string): string[] => check(value, labelValue);
export const isCIdentifier = (value: string): string[] => check(value, cIdentifier);
export const isValidPercent = (value: string): string[] => check(value, percent);
export const isHttpHeaderName = (value: string): string[] => check(value, headerName);

/** A label in DNS (RFC 1123); a subdomain gets a word of its own. */
export function isDns1123Label(value: string): string[] {
  const errors = check(value, label);
  if (errors.length && !label.regex.test(value) && subdomain.regex.test(value)) {
    return [...(byteLength(value) > 63 ? [maxLenError(63)] : []), 'must not contain dots'];
  }
  return errors;
}

/** A label key: an optional DNS prefix, a slash, and a name. Good keys are remembered: they repeat in every object. */
const goodKeys = new Set<string>();
const GOOD_KEYS_KEPT = 10_000;

export function isQualifiedName(value: string): string[] {
  if (goodKeys.has(value)) return NONE;
  const errors = qualifiedNameErrors(value);
  if (errors.length) return errors;
  if (goodKeys.size < GOOD_KEYS_KEPT && value.length < 128) goodKeys.add(value);
  return NONE;
}

function qualifiedNameErrors(value: string): string[] {
  const rule = () => regexError(labelKey.message, labelKey.format, ...labelKey.examples);
  const parts = value.split('/');
  if (parts.length > 2) {
    return [`a valid label key ${rule()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const errors: string[] = [];
  if (parts.length === 2) {
    if (!parts[0]) errors.push(`prefix part ${emptyError()}`);
    else for (const message of check(parts[0], keyPrefix)) errors.push(`prefix part ${message}`);
  }
  const name = parts[parts.length - 1] as string;
  if (!name) errors.push(`name part ${emptyError()}`);
  else if (byteLength(name) > 63) errors.push(`name part ${maxBytesError(63)}`);
  if (!labelKey.regex.test(name)) errors.push(`name part ${rule()}`);
  return errors;
}

function chDir(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : NONE;
}

/** A key of a ConfigMap or Secret. */
export function isConfigMapKey(value: string): string[] {
  const errors = check(value, configKey);
  const dots = chDir(value);
  return errors.length || dots.length ? [...errors, ...dots] : NONE;
}

/** The relaxed form that 1.34 and later accept: printable ASCII other than '='. */
export function isRelaxedEnvVarName(value: string): string[] {
  const errors = value ? [] : [`environment variable name ${emptyError()}`];
  if (/[^\x20-\x7e]|=/.test(value)) {
    errors.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  return errors;
}

export const isPort = (port: number): string[] => isInRange(port, 1, 65535);
export const isInRange = (value: number, low: number, high: number): string[] =>
  value >= low && value <= high ? NONE : [rangeError(low, high)];
export const isValidUserId = (id: number): string[] => isInRange(id, 0, 2147483647);
export const isValidGroupId = isValidUserId;

/** A port's name (RFC 6335, lower case only). */
export function isPortName(port: string): string[] {
  const errors: string[] = [];
  if (byteLength(port) > 15) errors.push(maxLenError(15));
  if (!/^[-a-z0-9]+$/.test(port)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(port)) errors.push('must contain at least one letter (a-z)');
  if (port.includes('--')) errors.push('must not contain consecutive hyphens');
  if (port && (port.startsWith('-') || port.endsWith('-'))) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** A name that can stand as one segment of a URL. */
export function isPathSegmentName(name: string, prefix = false): string[] {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  if (!name.includes('/') && !name.includes('%')) return NONE;
  return ['/', '%'].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`);
}

/** An address under the strict reading of 1.36 (no leading zeros, no mapped IPv4); non-canonical IPv6 passes. */
export const isIP = (value: string): string[] => ipProblems(value);
export const isCIDR = (value: string): string[] => cidrProblems(value);
/** The same, and in canonical form. */
export function isCanonicalIP(value: string): string[] {
  const problems = ipProblems(value);
  if (problems.length) return problems;
  const canonical = canonicalIP(value);
  return canonical === value ? NONE : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

const maskDash = (name: string) => (name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name);

/** Applies a kind's name rule. `prefix` for generateName: a trailing dash is fine there (api/validation/generic.go). */
export function checkName(rule: NameRule | undefined, name: string, prefix: boolean): string[] {
  if (typeof rule === 'function') return rule(name, prefix);
  if (rule === 'path-segment') return isPathSegmentName(name, prefix);
  const masked = prefix ? maskDash(name) : name;
  if (rule === 'dns-label') return isDns1123Label(masked);
  if (rule === 'dns1035-label') return isDns1035Label(masked);
  return isDns1123Subdomain(masked);
}
