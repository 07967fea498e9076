import { createHash } from 'node:crypto';
import { levelOf, type Level, LEVELS, type Role, ROLES } from '../../src/management/http/access.ts';
import { makeSecret, PREFIXES } from '../../src/lib/secrets.ts';
import { OPERATOR } from '../unit/management/world.ts';
import type { Tenants } from './tenants.ts';

/** Somebody at the door, and what is true of them, said without the product's own tables. */
export interface Bearer {
  label: string;
  /** The whole Authorization header; absent: none is sent. */
  authorization?: string;
  /** Beside it. */
  headers?: Record<string, string>;
  is: 'nobody' | 'operator' | 'person' | 'token';
  /** Level by account: of a person wherever they belong, of a token in its one account. */
  levels: { mine?: Level; theirs?: Level; leaving?: Level };
  /** Which clusters of `mine` are within reach; absent: all. */
  reach?: ('near' | 'far' | 'gone')[];
}

const nobody = (label: string, authorization?: string): Bearer => ({
  label,
  is: 'nobody',
  levels: {},
  ...(authorization !== undefined && { authorization }),
});

/** The same secret with one character of its chance changed and its checksum made right again, as somebody who knows the form would. */
const neighbour = () => makeSecret(PREFIXES.token, { token: (n) => 'Q'.repeat(n * 2) });

/** Every bearer of the management API. Add a row and the matrix asks them at every door. */
export function bearersOf(t: Tenants): Bearer[] {
  const { secrets } = t;
  const bearer = (secret: string) => `Bearer ${secret}`;
  const person = (label: string, levels: Bearer['levels']): Bearer => ({
    label,
    is: 'person',
    levels,
    authorization: bearer(secrets[label]),
  });
  const token = (label: string, mine: Level, reach?: Bearer['reach']): Bearer => ({
    label,
    is: 'token',
    levels: { mine },
    authorization: bearer(secrets[label]),
    ...(reach && { reach }),
  });
  const elsewhere = (label: string, levels: Bearer['levels']): Bearer => ({
    label,
    is: 'token',
    levels,
    authorization: bearer(secrets[label]),
  });
  const owner = secrets['token owner'];
  const hash = createHash('sha256').update(owner).digest('hex');
  return [
    nobody('none'),
    nobody('empty', 'Bearer '),
    nobody('garbage', 'Bearer garbage'),
    nobody('another scheme', `Basic ${btoa(`owner:${owner}`)}`),
    nobody('a token without its scheme', owner),
    nobody('right form, never made', bearer(neighbour())),
    nobody('a token cut short', bearer(owner.slice(0, -1))),
    nobody('a token with another case', bearer(owner.toUpperCase())),
    nobody('a token with its prefix changed', bearer(owner.replace(PREFIXES.token, PREFIXES.session))),
    nobody('a hash in the place of a token', bearer(hash)),
    nobody('token expired', bearer(secrets['token expired'])),
    nobody('token revoked', bearer(secrets['token revoked'])),
    nobody('session expired', bearer(secrets['session expired'])),
    nobody('session signed out', bearer(secrets['session signed out'])),
    { ...nobody('session as a cookie'), headers: { cookie: `__Host-atoll-session=${secrets['session owner']}` } },
    nobody('invitation', bearer(t.mine.invitationSecret)),
    nobody('device', bearer(secrets.device)),
    nobody('credential of a cluster', bearer(t.mine.clusterCredential)),
    nobody('right form of an operator', bearer(makeSecret(PREFIXES.operator, { token: (n) => 'Q'.repeat(n * 2) }))),
    { label: 'operator', is: 'operator', levels: {}, authorization: bearer(OPERATOR) },
    ...ROLES.map((role: Role) => person(`session ${role}`, { mine: levelOf(role) })),
    person('session of two accounts', { mine: 'owner', theirs: 'read', leaving: 'owner' }),
    person('session of another account', { theirs: 'owner' }),
    person('session without account', {}),
    ...LEVELS.map((level) => token(`token ${level}`, level)),
    token('token confined to a cluster', 'owner', ['near']),
    token('token confined to a cluster, read', 'read', ['near']),
    token('token confined by labels', 'owner', ['near', 'gone']),
    token('token confined to a cluster of another account', 'owner', []),
    token("a viewer's token of an owner's scope", 'read'),
    nobody('token of somebody who left', bearer(secrets['token of somebody who left'])),
    token('token rotated', 'owner'),
    token('token rotated, the former within its overlap', 'owner'),
    nobody('token rotated, the former after its overlap', bearer(secrets['token rotated, the former after its overlap'])),
    elsewhere('token of another account', { theirs: 'owner' }),
    elsewhere('token of a leaving account', { leaving: 'owner' }),
  ];
}
