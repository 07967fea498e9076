import { z } from 'zod';
import { ISSUERS } from '../limits.ts';

/** Loopback hosts: the only ones without TLS. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

const Issuer = z.strictObject({
  /** `iss` of its ID tokens; discovery starts there. */
  issuer: z.url().refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, hostname, search, hash, username, password } = new URL(text);
    const plain = search === '' && hash === '' && username === '' && password === '';
    return plain && (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname)));
  }, 'an https address without query or fragment (http only on this machine)'),
  clientId: z.string().min(1),
  /** Absent: a public client; PKCE protects it. */
  clientSecret: z.string().min(1).optional(),
  /** Display name. */
  name: z.string().regex(/^[A-Za-z0-9]([-A-Za-z0-9_. ]{0,61}[A-Za-z0-9])?$/, 'letters, digits, spaces, "-", "_" and "."'),
  /** Scopes; `openid` is always included. */
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'is no scope')).default(['email', 'profile']),
});

/** An OpenID Connect issuer. */
export type Issuer = z.infer<typeof Issuer>;

const unique = (of: 'issuer' | 'name') => (list: Issuer[]) => new Set(list.map((issuer) => issuer[of])).size === list.length;
const Issuers = z
  .array(Issuer)
  .max(ISSUERS)
  .refine(unique('name'), 'two have the same name')
  .refine(unique('issuer'), 'two are the same issuer');

/** Parses ATOLL_OIDC; throws an Error of one sentence. */
export function issuersOf(text: string): Issuer[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('ATOLL_OIDC is not JSON');
  }
  const parsed = Issuers.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new Error(
    `ATOLL_OIDC${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')}: ${message}`,
  );
}

/** Whether the issuer is reached without TLS; `issuersOf` allows that for loopback hosts only. */
export const isPlain = ({ issuer }: Issuer): boolean => issuer.startsWith('http:');
