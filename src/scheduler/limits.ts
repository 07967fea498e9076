/** Bounds of scheduler/, each with its unit and what happens there. */

/** Pods that one plan of the scheduler decides on at most: a plan is one transaction; the rest follow in the next. */
export const SCHEDULER_BATCH_PODS = 100;
/** Selectors whose matching pods are counted on a node; beyond it the counts are dropped and computed again when asked for. */
export const SELECTOR_COUNTERS_PER_NODE = 64;
/** Longest message of an Event, characters; longer ones are cut (apimachinery NoteLengthLimit). */
export const EVENT_NOTE_CHARACTERS = 1024;
/** Revisions that are searched for the binding of a pod whose decision is to be explained; beyond it nothing is explained. */
export const EXPLAINED_REVISIONS = 64_000;
/** Nodes that fit a pod: having found so many, an attempt looks at no more (minFeasibleNodesToFind); the share below may ask for more. */
export const ENOUGH_NODES = 100;
/** Least share of a large cluster's nodes to be found, percent (minFeasibleNodesPercentageToFind). */
export const ENOUGH_PERCENT = 5;
