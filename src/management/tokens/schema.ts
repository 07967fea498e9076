import { z } from '@hono/zod-openapi';
import { Created, Name } from '../shapes.ts';

export const NewToken = z.strictObject({ name: Name }).openapi('NewToken');

export const Token = z
  .object({
    id: z.string(),
    name: Name,
    hint: z.string().openapi({ description: 'How the token begins.', example: 'atoll_Xb3k' }),
    createdAt: Created,
  })
  .openapi('Token');

export const TokenWithSecret = Token.extend({
  token: z.string().openapi({ description: 'The token itself; shown this once.' }),
}).openapi('TokenWithSecret');

export const TokenList = z.object({ items: z.array(Token) }).openapi('TokenList');
