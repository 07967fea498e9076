import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Provider } from 'oidc-provider';

/** What the provider knows of somebody; the login is the subject. */
export interface Claims {
  email?: string;
  email_verified?: boolean;
  name?: string;
  preferred_username?: string;
}

/** A real OpenID Connect provider on this machine, with its own pages to log in and consent. Any password will do. */
export class RealIssuer {
  readonly url: string;
  readonly #server: Server;
  readonly #key: JsonWebKey;

  private constructor(url: string, server: Server, key: JsonWebKey) {
    this.url = url;
    this.#key = key;
    this.#server = server;
  }

  static async start(o: {
    clients: { id: string; secret?: string; redirectUris: string[] }[];
    people: Record<string, Claims>;
    /** Whether claims of scopes stand in the ID token too; else only in userinfo. */
    inIdToken?: boolean;
    /** Absent: plain HTTP. */
    tls?: { cert: string; key: string };
  }): Promise<RealIssuer> {
    const server: Server = o.tls ? createTlsServer(o.tls) : createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const url = o.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
    const provider = new Provider(url, {
      clients: o.clients.map(({ id, secret, redirectUris }) => ({
        client_id: id,
        redirect_uris: redirectUris,
        response_types: ['code'],
        grant_types: ['authorization_code'],
        ...(secret === undefined ? { token_endpoint_auth_method: 'none' } : { client_secret: secret }),
      })),
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
      conformIdTokenClaims: !o.inIdToken,
      findAccount: (_: unknown, id: string) =>
        id in o.people ? { accountId: id, claims: () => ({ sub: id, ...o.people[id] }) } : undefined,
      jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256', kid: 'first' }] },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      features: { devInteractions: { enabled: true } },
    });
    server.on('request', provider.callback());
    return new RealIssuer(url, server, key);
  }

  /** An ID token with the provider's own key, good for an hour. */
  idToken(claims: object): string {
    const now = Math.floor(Date.now() / 1000);
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${encoded({ alg: 'RS256', kid: 'first' })}.${encoded({ iss: this.url, iat: now, exp: now + 3600, ...claims })}`;
    const key = createPrivateKey({ key: this.#key, format: 'jwk' });
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
