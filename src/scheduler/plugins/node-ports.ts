import { always, type Plugin, unschedulable } from '../framework.ts';
import { conflict } from '../node-info.ts';
import { hostPorts } from '../pod-info.ts';

/** Host ports are free (plugins/nodeports). */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  events: { 'pod/delete': ({ ports }, { object }) => conflict(ports, hostPorts(object.spec)), 'node/add': always },
  preFilter: ({ ports }) => (ports.length ? undefined : 'skip'),
  filter: ({ ports }, node) =>
    node.portsTaken(ports) ? unschedulable("node(s) didn't have free ports for the requested pod ports") : undefined,
};
