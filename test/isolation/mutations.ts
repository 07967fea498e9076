/** A deliberate hole: `find` (exactly once in the file) becomes `put`. */
export interface Mutation {
  name: string;
  file: string;
  find: string;
  put: string;
  /** Whose tests must notice. */
  room: (typeof ROOMS)[number];
}

export const ROOMS = ['management', 'cluster', 'issuers', 'certificates', 'watch', 'door'] as const;
type Hole = Omit<Mutation, 'room'>;

const AUTH = 'src/management/http/auth.ts';
const of = (file: string, rows: [name: string, find: string, put: string][]): Hole[] =>
  rows.map(([name, find, put]) => ({ name, file, find, put }));

/** Holes in front of the management API. */
const MANAGEMENT: Hole[] = [
  ...of(AUTH, [
    ['the level is not asked', 'if (!atLeast(access.level, needed))', 'if (access.level === undefined)'],
    [
      'a token enters any account, its own level in hand',
      'if (account !== SELF && account !== who.accountId) return undefined;\n    return { accountId: who.accountId,',
      'return { accountId: account === SELF ? who.accountId : account,',
    ],
    [
      'a member of one account is a member of all',
      '.where(and(eq(members.accountId, account), eq(members.personId, who.id)));\n  return found',
      '.where(eq(members.personId, who.id));\n  return found',
    ],
    ['the operator enters accounts', "who.type === 'operator' && guard.allowOperator\n", "who.type === 'operator'\n"],
    [
      'a token of some clusters asks about the whole account',
      'if (isRestricted(access.selector) && !guard.allowRestrictedTokens)',
      'if (!access.selector)',
    ],
    ['the selector of a token is not asked', '!row || !selects(access.selector, row)', '!row'],
    [
      'a token does not expire',
      'if (!found || isOver(found.token.expiresAt, now)) return undefined;',
      'if (!found) return undefined;',
    ],
    [
      'a session does not expire',
      'if (!found || isOver(found.session.expiresAt, now)) return undefined;',
      'if (!found) return undefined;',
    ],
    [
      'a session is who it is from a cookie too',
      "c.req.header('authorization') ?? ''",
      "c.req.header('authorization') ?? c.req.header('cookie')?.replace(/^[^=]*=/, 'Bearer ') ?? ''",
    ],
    [
      "whoever knows the form of the operator's token is the operator",
      'operatorSha256 && sameHash(deps.crypto.sha256(secret), operatorSha256)',
      'operatorSha256',
    ],
    ["a person's token outlives their membership", 'if (personId !== null && found.role === null) return undefined;', ''],
    [
      "a person's token may do more than the person",
      'found.role === null ? scope : lowerLevel(scope, levelOf(found.role))',
      'scope',
    ],
    [
      'what an account leaves behind is still open',
      'const isThere = (allowDeleting: boolean) => (allowDeleting ? undefined : isNull(accounts.deletedAt));',
      'const isThere = (_: boolean) => (_ ? undefined : or(isNull(accounts.deletedAt), gt(accounts.deletedAt, 0)));',
    ],
    ['a rotated token goes on for ever', 'gt(tokens.formerUntil, now)', 'gt(tokens.formerUntil, 0)'],
    [
      'what is not theirs is 403',
      'if (!access) throw new Problem(\'not-found\', `account "${account}" not found`);',
      "if (!access) throw new Problem('forbidden', 'not a member');",
    ],
    [
      'an account that is not theirs looks otherwise than none',
      'if (!access) throw new Problem(\'not-found\', `account "${account}" not found`);',
      "if (!access) throw new Problem('not-found', (await anyAccount(deps, account)) ? 'not yours' : 'no such account');",
    ],
    [
      'any site may speak through a browser',
      "if (site !== undefined && site !== 'same-origin'",
      "if (site === 'evil' && site !== 'same-origin'",
    ],
    [
      'any name may be pointed here',
      'if (deps.hosts && !deps.hosts.includes(hostName(host))',
      'if (deps.hosts && deps.hosts.length === 0',
    ],
  ]),
  ...of('src/management/http/access.ts', [
    [
      'every selector selects every cluster',
      'if (selector.clusters && !selector.clusters.includes(cluster.id)) return false;',
      '',
    ],
    ['labels do not confine', 'cluster.labels[key] === value', 'key !== undefined || cluster.labels[key] === value'],
  ]),
  ...of('src/management/clusters/rows.ts', [
    [
      "a cluster is found in anybody's account",
      'and(eq(clusters.accountId, accountId), named)',
      'and(eq(clusters.id, idOrName), named)',
    ],
  ]),
  ...of('src/management/tokens/service.ts', [
    ["anybody's token can be revoked", 'and(eq(tokens.accountId, accountId), eq(tokens.id, id));', 'eq(tokens.id, id);'],
  ]),
  ...of('src/management/clusters/credentials.ts', [
    [
      'a credential is found under another cluster',
      'and(eq(credentials.clusterId, cluster.id), eq(credentials.id, id), alive(deps.now()))',
      'and(eq(credentials.id, id), alive(deps.now()))',
    ],
  ]),
  ...of('src/management/people/sessions.ts', [
    ["anybody's device can be signed out", '.where(and(eq(sessions.personId, personId), one))', '.where(one)'],
  ]),
];

/** Holes in a cluster. */
const CLUSTER: Hole[] = [
  ...of('src/authn/tokens.ts', [
    [
      'a credential does not expire',
      '(found.expires !== undefined && found.expires <= now)',
      '(found.expires !== undefined && found.expires <= 0)',
    ],
  ]),
  ...of('src/cluster/credentials.ts', [
    [
      'a revoked credential is remembered',
      'revoke(which: Revoked): void {\n    this.#known.clear();',
      'revoke(which: Revoked): void {',
    ],
  ]),
  ...of('src/authn/serviceaccounts.ts', [
    ['any signature is good', ' || !this.#crypto.verify(this.#signer.publicKey, jwt.signed, jwt.signature)', ''],
    ['any audience is good', 'if (!common.length)', 'if (!named.length)'],
    ['a service account token does not expire', 'seconds > claims.exp + TOKEN_LEEWAY_SECONDS', 'seconds < 0'],
    ['a token outlives its pod', "if (pod) this.#bound('pods', namespace, pod, now);\n    else if", 'if'],
    [
      'a service account of the same name is the same',
      'if (live.metadata.uid !== account.uid) {',
      'if (live.metadata.uid === undefined) {',
    ],
  ]),
  ...of('src/authn/authenticator.ts', [
    [
      'whoever says nothing is let in everywhere',
      "return isOpen(path) && verdict === 'nobody' ? { user: ANONYMOUS } : undefined;",
      'return path ? { user: ANONYMOUS } : undefined;',
    ],
    [
      'whoever is unknown is nobody in particular',
      'return this.token(token, now, API_AUDIENCES);',
      'return this.token(token, now, API_AUDIENCES) ?? { user: ANONYMOUS };',
    ],
  ]),
  ...of('src/apiserver/filters/impersonation.ts', [
    ['anybody may act as anybody', "if (decision.verdict !== 'allow') throw forbid(attributes, decision.reason);", ''],
    ['groups are given to whoever asks', "for (const group of asked) check('groups', '', { name: group });", ''],
  ]),
  ...of('src/authz/rbac.ts', [
    [
      'what RBAC does not say is allowed',
      "return { verdict: 'none', reason: errors.length",
      "return { verdict: a.verb === 'get' ? 'allow' : 'none', reason: errors.length",
    ],
    ['a RoleBinding counts in every namespace', 'this.#view.list(ROLE_BINDINGS, namespace)', 'this.#view.list(ROLE_BINDINGS)'],
  ]),
  ...of('src/authz/rules.ts', [
    ['a subresource is its resource', 'a.subresource ? `${a.resource}/${a.subresource}` : a.resource', 'a.resource'],
    ['any group of the API', 'return has(rule.apiGroups, a.group) && resourceMatches', 'return resourceMatches'],
  ]),
  ...of('src/apiserver/filters/authorization.ts', [
    [
      'old watch addresses are not asked about',
      'const attributes = attributesOf(call);',
      "if (call.info.watchPath) return allowed(call, '');\n  const attributes = attributesOf(call);",
    ],
    [
      'a refusal tells what is there',
      'throw forbid(attributes, decision.reason);',
      "throw forbid(attributes, deps.registry.object(attributes.resource, attributes.namespace, attributes.name) ? 'it is there' : '');",
    ],
  ]),
  ...of('src/apiserver/request-info.ts', [['a watch is taken for a get', "? 'watch' : 'list'", "? 'get' : 'list'"]]),
];

/** Holes in what is already open. */
const WATCH: Hole[] = [
  ...of('src/cluster/cluster.ts', [
    ['a watch outlives its credential', 'this.#sessions.end((spec) => isRevoked(which, spec.credential));', ''],
  ]),
];

/** Holes in front of the objects. */
const DOOR: Hole[] = [
  ...of('src/management/clusters/id.ts', [
    [
      'a made-up id reaches an object',
      'id.length === ID_LENGTH && check(id.slice(0, BODY), mac) === id.slice(BODY)',
      'id.length === ID_LENGTH',
    ],
  ]),
  ...of('src/worker/edge/address.worker.ts', [
    ['an object answers to any address', 'clusterIdOf(url) === id ? restOf(url, id) : undefined', 'restOf(url, id)'],
  ]),
  ...of('src/worker/edge/origin.worker.ts', [
    [
      'a host may be a part of the address',
      "HOST.test(headers.get('host') ?? '')",
      "HOST.test(headers.get('host') ?? '') || true",
    ],
    [
      'whoever shows no token wakes an object',
      "bearer(headers.get('authorization')) !== undefined",
      "headers.get('authorization') !== undefined",
    ],
    ['pages of other sites reach clusters', "if (site !== null && site !== 'same-origin' && site !== 'none') return true;", ''],
  ]),
];

/** Holes in the trust in OIDC issuers. */
const ISSUERS: Hole[] = [
  ...of('src/authn/oidc/tokens.ts', [
    ['any signature of an issuer is good', 'this.#crypto.verifyJws(key, alg, signed, signature)', 'signature !== undefined'],
    ['any algorithm of an issuer is good', 'if (JWS_ALGORITHMS.includes(alg) && ', 'if ('],
    ['a key of an issuer has signed whatever names another', "(kid === '' || id === kid) && ", ''],
    ['a token of an issuer is for anybody', 'checkAudience(claims, authenticator.issuer.audiences);', ''],
    ['a token of an issuer does not expire', 'if (expires < now)', 'if (expires < 0)'],
    ['a token of an issuer is good before its time', 'now + NOT_BEFORE_LEEWAY_MS < timeOf(nbf)', 'timeOf(nbf) < 0'],
    ['what was verified under one configuration is under all', 'if (this.#trusted !== trusted) this.#begin(trusted);', ''],
    ['a token is verified for ever', 'if ((this.#verified.get(hash) ?? 0) <= now)', 'if (!this.#verified.get(hash))'],
    ['any address counts as verified', 'claims.email_verified !== undefined && claims.email_verified !== true', 'false'],
    ['a required claim may be anything', 'if (textOf(claims, claim) !== requiredValue)', 'if (!textOf(claims, claim))'],
    [
      'groups told elsewhere are none',
      "throw new TokenError('oidc: could not expand distributed claims",
      "return []; new TokenError('oidc: could",
    ],
  ]),
  ...of('src/authn/oidc/keys.ts', [
    ['any document is of the issuer', 'if (named !== issuer)', 'if (named === undefined)'],
    ['keys come over any wire', "new URL(uri).protocol !== 'https:'", 'false'],
    ['keys of one issuer are those of another', 'this.#source.keep(url, held);', "this.#source.keep('', held);"],
    ['an unknown key is asked for at will', 'isRecent(held.askedAt, now)', 'held.askedAt > now'],
    ['an issuer that fails is asked at will', 'if (failed && isRecent(failed.at, now))', 'if (failed && failed.at > now)'],
  ]),
  ...of('src/authn/oidc/configuration.ts', [
    ['an issuer needs no TLS', "if (url.protocol !== 'https:')", "if (url.protocol === 'ftp:')"],
    ['expressions are ignored', 'return [celUnsupported(path, expression)];', 'return [];'],
    ['anybody may name themselves as the cluster does', 'if (url === ISSUER)', 'if (url === path)'],
    ['unknown fields of a configuration are ignored', 'if (reading.warnings.length)', 'if (reading.warnings.length > 99)'],
  ]),
  ...of('src/cluster/authentication.ts', [
    ['keys outlive their configuration', 'deleteMetas(this.#sql, KEYS);', ''],
    ['a configuration that is taken away stays', 'this.#trusted = read?.jwt ?? [];', 'if (read) this.#trusted = read.jwt ?? [];'],
  ]),
];

/** Holes in what client certificates, and tokens kept in Secrets, say. */
const CERTIFICATES: Hole[] = [
  ...of('src/authn/certificates.ts', [
    ["any authority is the cluster's", '!certificate || !this.#authority()?.issued(certificate)', '!certificate'],
    ['a certificate does not expire', 'now > found.certificate.notAfter', 'now < 0'],
    ['a certificate is good before its time', 'now < found.certificate.notBefore', 'now < 0'],
    ["a serving certificate is a client's", '!usages.some((usage) => CLIENT_AUTH.includes(usage))', '!usages.length'],
    ['a certificate that names nobody is somebody', 'if (!commonName) return undefined;', ''],
  ]),
  ...of('src/authn/authenticator.ts', [
    ['a bad certificate is nobody', "return isOpen(path) && verdict === 'nobody' ?", 'return isOpen(path) ?'],
    ['any audience takes a bootstrap token', 'if (joining) return common.length ?', 'if (joining) return audiences.length ?'],
  ]),
  ...of('src/lib/x509/authority.ts', [
    [
      'a signature is of whoever names the authority',
      "return this.#crypto.verifyBytes({ publicKey: this.#own.publicKey, digest: 'sha256', bytes, signature });",
      'return bytes.length > 0 && signature.length > 0;',
    ],
    ['a certificate is an authority itself', 'isAuthority: false', 'isAuthority: true'],
  ]),
  ...of('src/lib/x509/signature.ts', [
    ['a request is of any key', 'if (crypto.verifyBytes(what)) return undefined;', 'if (what && crypto) return undefined;'],
  ]),
  ...of('src/controllers/csr-signing/reconcile.ts', [
    ['a request needs no approval', "hasCondition(csr, 'Approved') &&\n  !hasCondition", '!hasCondition'],
    ['a client certificate is for anything', '(_, usages) => clientUsagesProblem(usages)', '() => undefined'],
    [
      "a kubelet's client may be anybody",
      '[KUBE_APISERVER_CLIENT_KUBELET]: kubeletClientProblem',
      '[KUBE_APISERVER_CLIENT_KUBELET]: () => undefined',
    ],
    ['a kubelet serves as anybody', '[KUBELET_SERVING]: kubeletServingProblem', '[KUBELET_SERVING]: () => undefined'],
  ]),
  ...of('src/controllers/csr-approving/reconcile.ts', [
    ['whoever asks for a kubelet is approved', '&& mayRequest(userOf(csr), one.subresource)', ''],
    [
      'a kubelet asks for another as for itself',
      'csr.spec.username === request.subject.commonName && isKubelets(csr, request)',
      'isKubelets(csr, request)',
    ],
  ]),
  ...of('src/admission/plugins/certificates.ts', [
    [
      'whoever may update approves for any signer',
      "if (mayUseSigner(ports, request.user, 'approve', signer)) return;",
      'if (signer) return;',
    ],
    [
      'whoever may update signs for any signer',
      "if (mayUseSigner(ports, request.user, 'sign', signer)) return;",
      'if (signer) return;',
    ],
    [
      'masters are requested',
      "if (!requestOf(object)?.subject.organization.includes('system:masters')) return;",
      'if (requestOf(object)) return;',
    ],
  ]),
  ...of('src/authn/legacy-tokens.ts', [
    [
      'the token of a Secret that is gone counts',
      'if (!secret || secret.metadata.deletionTimestamp) throw',
      'if (!secret) throw',
    ],
    [
      'a token that its Secret lost counts',
      "crypto.sha256(dataOf(secret, 'token')) !== crypto.sha256(token)",
      "dataOf(secret, 'token') === ''",
    ],
    ['a token is of the next account of that name', 'if (live.metadata.uid !== uid)', 'if (!live.metadata.uid)'],
    [
      'a token marked invalid counts',
      'if (secret.metadata.labels?.[INVALID_SINCE])',
      "if (secret.metadata.labels?.[INVALID_SINCE] === '')",
    ],
  ]),
  ...of('src/authn/bootstrap-tokens.ts', [
    ['a bootstrap token does not expire', '(bootstrapExpiry(secret) ?? Number.POSITIVE_INFINITY) <= now', 'now < 0'],
    [
      'the id is the bootstrap token',
      "crypto.sha256(dataOf(secret, 'token-secret')) !== crypto.sha256(word)",
      'word === undefined',
    ],
    ['any Secret is a bootstrap token', ' || secret.type !== BOOTSTRAP_TOKEN', ''],
    ['any bootstrap token says who', "dataOf(secret, 'usage-bootstrap-authentication') !== 'true'", 'false'],
    ['bootstrappers name their groups', 'if (!groups.every((group) => GROUP.test(group))) return undefined;', ''],
  ]),
  ...of('src/server/forwarded-address.ts', [
    ['a certificate that is too long is none', "? '-' :", "? '' :"],
    ['the name of the header is known', '`${what} ${secret}`', '`${what}`'],
  ]),
];

const within = (room: Mutation['room'], holes: Hole[]): Mutation[] => holes.map((hole) => ({ ...hole, room }));

export const MUTATIONS: readonly Mutation[] = [
  ...within('management', MANAGEMENT),
  ...within('cluster', CLUSTER),
  ...within('issuers', ISSUERS),
  ...within('certificates', CERTIFICATES),
  ...within('watch', WATCH),
  ...within('door', DOOR),
];

/** A text with the hole in it. Throws when the place is not there, or not alone. */
export function mutate(text: string, { name, file, find, put }: Mutation): string {
  const parts = text.split(find);
  if (parts.length !== 2)
    throw new Error(`"${name}": ${file} has the place ${parts.length - 1} times; change test/isolation/mutations.ts`);
  return parts.join(put);
}
