import type { World } from '../world.ts';
import * as cluster from './cluster.ts';
import * as config from './config.ts';
import * as jobs from './jobs.ts';
import * as pods from './pods.ts';
import * as reads from './reads.ts';
import * as storage from './storage.ts';
import * as workloads from './workloads.ts';

/** What clients of a world do; how often stands before each. */
const WEIGHTS: readonly [number, (world: World) => void][] = [
  [4, workloads.createDeployment],
  [5, workloads.scaleWorkload],
  [5, workloads.updateImage],
  [2, workloads.pauseDeployment],
  [2, workloads.applyDeployment],
  [3, workloads.deleteWorkload],
  [1, workloads.createController],
  [2, workloads.createStatefulSet],
  [1, workloads.createDaemonSet],
  [2, jobs.createJob],
  [2, jobs.createCronJob],
  [2, jobs.editCronJob],
  [2, jobs.deleteJob],
  [2, pods.createPod],
  [3, pods.deletePod],
  [4, pods.relabelPod],
  [3, pods.holdPod],
  [2, pods.annotatePod],
  [3, pods.evict],
  [1, pods.deletePods],
  [2, pods.endPod],
  [3, cluster.createService],
  [1, cluster.deleteService],
  [2, cluster.cordon],
  [1, cluster.labelNode],
  [1, cluster.drain],
  [2, cluster.taint],
  [2, cluster.replaceNode],
  [2, cluster.createNamespace],
  [2, cluster.deleteNamespace],
  [2, cluster.createBudget],
  [1, cluster.deleteBudget],
  [2, cluster.quota],
  [2, cluster.nothing],
  [5, config.writeConfigMap],
  [2, config.deleteConfigMap],
  [3, config.staleWrite],
  [3, config.applyTogether],
  [3, config.createOwned],
  [3, config.deleteOwner],
  [2, config.holdSecret],
  [3, config.dryRun],
  [1, storage.createClass],
  [3, storage.createVolume],
  [3, storage.createClaim],
  [2, storage.createConsumer],
  [2, storage.deleteClaim],
  [1, storage.deleteVolume],
  [2, storage.changeStorage],
  [3, reads.listThen],
  [3, reads.readPages],
];

export const OPERATIONS = WEIGHTS.flatMap(([weight, operation]) => Array.from({ length: weight }, () => operation));
