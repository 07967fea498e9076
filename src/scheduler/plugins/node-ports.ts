import { type Plugin, unschedulable } from '../framework.ts';

/** Host ports are free (plugins/nodeports). */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  events: ['pod/delete', 'node/add'],
  preFilter: ({ ports }) => (ports.length ? undefined : 'skip'),
  filter: ({ ports }, node) =>
    node.portsTaken(ports) ? unschedulable("node(s) didn't have free ports for the requested pod ports") : undefined,
};
