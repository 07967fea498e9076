import { z } from '@hono/zod-openapi';
import { DEVICE_NAME_LENGTH } from '../limits.ts';
import { Time } from '../shapes.ts';

export const IssuerView = z
  .object({ name: z.string(), issuer: z.url() })
  .openapi('Issuer', { description: 'With whom one can sign in.' });

export const Session = z
  .object({
    id: z.string(),
    name: z.string().openapi({ description: 'Name of the device, or "browser".' }),
    hint: z.string().openapi({ description: 'How its secret begins.', example: 'atolls_Xb3k' }),
    current: z.boolean().openapi({ description: 'It is the one that asks.' }),
    createdAt: Time,
    expiresAt: Time,
    lastUsedAt: Time.optional().openapi({ description: 'To the minute.' }),
  })
  .openapi('Session');

export const SessionWithSecret = Session.extend({
  session: z.string().openapi({ description: 'The new secret; shown this once.' }),
}).openapi('SessionWithSecret');

/** A form of RFC 8628, 3.1. What a client sends beyond it is of no use to us. */
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
  .openapi('DeviceRequest');

export const DeviceAnswer = z
  .object({
    device_code: z.string(),
    user_code: z.string().openapi({ example: 'WDJB-MJHT' }),
    verification_uri: z.url(),
    verification_uri_complete: z.url(),
    expires_in: z.int().openapi({ description: 'Seconds.' }),
    interval: z.int().openapi({ description: 'Seconds between two polls.' }),
  })
  .openapi('DeviceAnswer');

/** A form of RFC 8628, 3.4. Its errors are the RFC's own, so that any OAuth client understands them. */
export const DeviceTokenRequest = z
  .object({
    grant_type: z.string().openapi({ example: 'urn:ietf:params:oauth:grant-type:device_code' }),
    device_code: z.string(),
    client_id: z.string().optional(),
  })
  .partial()
  .openapi('DeviceTokenRequest');

export const DeviceToken = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int() })
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
    error_description: z.string(),
  })
  .openapi('DeviceRefusal', { description: 'A refusal as RFC 8628 words it.' });
