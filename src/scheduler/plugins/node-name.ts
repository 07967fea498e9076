import { always, type Plugin, unresolvable } from '../framework.ts';

/** spec.nodeName, when set, is the only node (plugins/nodename). */
export const nodeName: Plugin = {
  name: 'NodeName',
  events: { 'node/add': always },
  filter: ({ pod }, node) =>
    !pod.spec.nodeName || pod.spec.nodeName === node.name
      ? undefined
      : unresolvable("node(s) didn't match the requested node name"),
};
