import type { Kind, ServedVersion } from '../../api/machinery/define-kind.ts';
import { badRequest } from '../../api/machinery/status-errors.ts';
import type { StrategyOf, WriteStrategy } from '../strategy.ts';
import { mainStrategy, wholeStrategy } from './main.ts';
import { scaleStrategy } from './scale.ts';
import { statusStrategy } from './status.ts';

/** Subresource -> how it is written. */
const STRATEGIES: Readonly<Record<string, StrategyOf>> = {
  status: statusStrategy,
  scale: scaleStrategy,
  finalize: wholeStrategy,
  approval: wholeStrategy,
  ephemeralcontainers: wholeStrategy,
  resize: wholeStrategy,
};

/** How the object, or a subresource of it, is written. */
export function strategyFor(kind: Kind, subresource: string | undefined, served?: ServedVersion): WriteStrategy {
  const main = mainStrategy(kind, served);
  if (!subresource) return main;
  const strategy = STRATEGIES[subresource];
  if (!strategy) throw badRequest(`the subresource ${subresource} of ${kind.resource} cannot be written`);
  return strategy(kind, main);
}
