import { z } from '@hono/zod-openapi';
import { DEVICE_NAME_LENGTH } from '../limits.ts';
import { Ids, Time } from '../http/shapes.ts';

export const IssuerView = z
  .object({ name: z.string().openapi({ example: 'company' }), issuer: z.url().openapi({ example: 'https://id.example.com' }) })
  .openapi('Issuer', { description: 'With whom one can sign in.' });

export const Session = z
  .object({
    id: Ids.session,
    name: z.string().openapi({ description: 'Name of the device, or "browser".', example: 'laptop' }),
    hint: z.string().openapi({ description: 'How its secret begins.', example: 'atolls_Xb3k' }),
    current: z.boolean().openapi({ description: 'It is the one that asks.' }),
    createdAt: Time,
    expiresAt: Time,
    lastUsedAt: Time.optional().openapi({ description: 'To the minute.' }),
  })
  .openapi('Session');

export const SessionWithSecret = Session.extend({
  session: z.string().openapi({ description: 'The new secret; shown this once.', example: 'atolls_...' }),
}).openapi('SessionWithSecret');

/** Form of RFC 8628, 3.1. Other members are ignored. */
export const DeviceRequest = z
  .object({
    client_id: z.string().optional().openapi({ description: 'Whatever the client calls itself.', example: 'atoll-cli' }),
    scope: z.string().optional(),
    device_name: z
      .string()
      .trim()
      .min(1)
      .max(DEVICE_NAME_LENGTH)
      .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'is not printable')
      .default('a device')
      .openapi({ description: 'Shown to the person who approves it, and in their list of sessions.', example: 'laptop' }),
    issuer: z.string().optional().openapi({ description: 'Name of the issuer to sign in with; absent: the person chooses.' }),
  })
  .openapi('DeviceRequest', { example: { client_id: 'atoll-cli', device_name: 'laptop' } });

export const DeviceAnswer = z
  .object({
    device_code: z.string().openapi({ example: 'atolld_...' }),
    user_code: z.string().openapi({ example: 'WDJBX-MJHTQ' }),
    verification_uri: z.url().openapi({ example: 'https://localhost:8443/device' }),
    verification_uri_complete: z.url().openapi({ example: 'https://localhost:8443/device?user_code=WDJBX-MJHTQ' }),
    expires_in: z.int().openapi({ description: 'Seconds.', example: 900 }),
    interval: z.int().openapi({ description: 'Seconds between two polls.', example: 2 }),
  })
  .openapi('DeviceAnswer');

/** Form of RFC 8628, 3.4, with the RFC's errors, so that any OAuth client understands them. */
export const DeviceTokenRequest = z
  .object({
    grant_type: z.string().openapi({ example: 'urn:ietf:params:oauth:grant-type:device_code' }),
    device_code: z.string().openapi({ example: 'atolld_...' }),
    client_id: z.string().optional(),
  })
  .partial()
  .openapi('DeviceTokenRequest', {
    example: { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'atolld_...' },
  });

export const DeviceToken = z
  .object({
    access_token: z.string().openapi({ example: 'atolls_...' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds.', example: 2_592_000 }),
  })
  .openapi('DeviceToken', { description: 'A session: send it as bearer token.' });

export const DeviceRefusal = z
  .object({
    error: z.enum([
      'authorization_pending',
      'slow_down',
      'access_denied',
      'expired_token',
      'invalid_grant',
      'invalid_request',
      'unsupported_grant_type',
    ]),
    error_description: z.string().openapi({ example: 'nobody has decided yet' }),
  })
  .openapi('DeviceRefusal', { description: 'A refusal as RFC 8628 words it.' });
