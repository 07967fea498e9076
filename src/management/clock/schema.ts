import { z } from '@hono/zod-openapi';
import { DURATION, durationMs } from '../../lib/duration.ts';
import { CLOCK_ADVANCE_MS, CLOCK_SPEED } from '../../time/limits.ts';
import { Time } from '../http/shapes.ts';

const DAY_MS = 86_400_000;
const isInBounds = (text: string): boolean => {
  const ms = durationMs(text) ?? 0;
  return ms > 0 && ms <= CLOCK_ADVANCE_MS;
};

const advance = z
  .string()
  .regex(DURATION, 'a duration is written like 90s, 2h or 1d12h')
  .refine(isInBounds, `more than 0s and at most ${CLOCK_ADVANCE_MS / DAY_MS}d`)
  .openapi({
    description: 'How far the clock advances: it lives through the span in order, as fast as it can, and stands at the end.',
    example: '24h',
  });
const speed = z.number().positive().max(CLOCK_SPEED).openapi({
  description: 'How many seconds pass in the cluster in one second of the wall clock, until the clock is stopped.',
  example: 60,
});
const stop = z.literal(true).openapi({ description: 'The clock stands from now on, in the middle of an advance too.' });

/** What a virtual clock is told. */
export const ClockChange = z
  .strictObject({ advance: advance.optional(), speed: speed.optional(), stop: stop.optional() })
  .refine((change) => Object.values(change).filter((value) => value !== undefined).length === 1, {
    message: 'one of advance, speed and stop',
  })
  .openapi('ClockChange', { example: { advance: '24h' } });

export const Clock = z
  .object({
    mode: z.enum(['real', 'virtual']),
    state: z.enum(['running', 'advancing', 'standing']),
    now: Time.openapi({ description: 'The time in the cluster.' }),
    from: Time.optional().openapi({ description: 'Where the advance began.' }),
    until: Time.optional().openapi({ description: 'Where the advance ends.' }),
    speed: z.number().optional().openapi({ description: 'Of a virtual clock that runs.', example: 60 }),
  })
  .openapi('Clock');
