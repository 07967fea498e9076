import type { Kind, ServedVersion, Subresource } from '../../api/machinery/define-kind.ts';
import { badRequest } from '../../api/machinery/status-errors.ts';
import { subresourceOf } from '../../api/machinery/subresources.ts';
import type { StrategyOf, WriteStrategy } from '../strategy.ts';
import { mainStrategy, wholeStrategy } from './main.ts';
import { scaleStrategy } from './scale.ts';
import { statusStrategy } from './status.ts';

const STRATEGIES: Readonly<Record<NonNullable<Subresource['strategy']>, StrategyOf>> = {
  whole: wholeStrategy,
  status: statusStrategy,
  scale: scaleStrategy,
};

/** The strategy of the object or a subresource. */
export function strategyFor(kind: Kind, subresource: string | undefined, served?: ServedVersion): WriteStrategy {
  const main = mainStrategy(kind, served);
  if (!subresource) return main;
  const { strategy } = subresourceOf(kind, subresource) ?? {};
  if (!strategy) throw badRequest(`the subresource ${subresource} of ${kind.resource} cannot be written`);
  return STRATEGIES[strategy](kind, main);
}
