/**
 * `npm run soak [-- --seconds 300 --clusters 1000 --accounts 100 --kill-every 20 --seed N]`: bounded and local. The seed gives the same
 * operations in the same order for every cluster; between which of them the server is killed is up to the machine.
 */
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';
import { summary } from './summary.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    clusters: { type: 'string', default: '1000' },
    accounts: { type: 'string', default: '100' },
    'kill-every': { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const options = {
  seconds: Number(values.seconds),
  clusters: Number(values.clusters),
  accounts: Number(values.accounts),
  killEvery: Number(values['kill-every']),
  seed: Number(values.seed),
};
const soaked = await soak(options);
console.log(summary(options, soaked));
process.exit(soaked.report.violated ? 1 : 0);
