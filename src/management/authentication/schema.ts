import { z } from '@hono/zod-openapi';

const issuer = z.looseObject({ url: z.string().optional(), audiences: z.array(z.string()).optional() }).optional();
const claim = z.looseObject({ claim: z.string().optional(), prefix: z.string().optional() }).optional();
const claimMappings = z.looseObject({ username: claim, groups: claim }).optional();

/**
 * An AuthenticationConfiguration of apiserver.config.k8s.io. The cluster itself reads it, as kube-apiserver reads its file, and its field errors
 * say more than a schema's: here stands only as much as clients need to know.
 */
export const AuthenticationConfiguration = z
  .looseObject({
    apiVersion: z.enum(['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1', 'apiserver.config.k8s.io/v1alpha1']),
    kind: z.literal('AuthenticationConfiguration'),
    jwt: z
      .array(z.looseObject({ issuer, claimMappings }))
      .optional()
      .openapi({ description: 'The issuers whose tokens are trusted, and what their claims mean.' }),
  })
  .openapi('AuthenticationConfiguration', {
    example: {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [
        {
          issuer: { url: 'https://issuer.example.com', audiences: ['kubernetes'] },
          claimMappings: { username: { claim: 'email', prefix: '' }, groups: { claim: 'groups', prefix: 'sso:' } },
        },
      ],
    },
  });
