import { atOnce } from '../../fixtures/api.ts';
import { load } from 'js-yaml';
import { isStream } from '../../../src/apiserver/messages.ts';
import type { Message, StreamSpec } from '../../../src/lib/stream.ts';
import type { NodeClusters } from '../../host/clusters.ts';

/** The bearer token of a kubeconfig. */
export const tokenOf = (kubeconfig: string): string =>
  (load(kubeconfig) as { users: { user: { token: string } }[] }).users[0].user.token;

/** A cluster as those see it who hold a credential of it. */
export function inside(clusters: NodeClusters, id: string, clock: { now: number } = { now: Date.UTC(2026, 10, 21) }) {
  const cluster = () => {
    const found = clusters.made.get(id);
    if (!found) throw new Error('the cluster does not answer');
    return found;
  };
  const ask = (token: string, method: string, url: string, body?: object, headers: Record<string, string> = {}) => {
    const all: Record<string, string> = {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      'content-type': 'application/json',
      ...headers,
    };
    const header = (name: string) => all[name] ?? null;
    const text = body ? JSON.stringify(body) : '';
    return atOnce(cluster().handle({ method, url, header, headerNames: () => Object.keys(all), body: text, now: clock.now }));
  };
  return {
    ask,
    /** What a GET that everybody may answers. */
    status: (token: string) => {
      const answer = ask(token, 'GET', '/api');
      if (isStream(answer)) throw new Error('a watch');
      return answer.status;
    },
    /** Who a token is inside. */
    whoami: (token: string) => {
      const review = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' };
      const answer = ask(token, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
      if (!('body' in answer)) throw new Error('a watch');
      return JSON.parse(answer.body).status.userInfo as { username: string; groups: string[]; extra: Record<string, string[]> };
    },
    /** Opens a watch; says what it heard and whether it was closed. */
    watch: (token: string, headers: Record<string, string> = {}) => {
      const answer = ask(token, 'GET', '/api/v1/namespaces?watch=1', undefined, headers);
      if (!isStream(answer)) throw new Error(`refused: ${answer.status}`);
      const seen = { text: '', closed: false, spec: answer.spec };
      const port = {
        send: (text: Message) => {
          seen.text += text;
        },
        save: (spec: StreamSpec) => {
          seen.spec = { ...spec };
        },
        close: () => {
          seen.closed = true;
        },
      };
      const session = answer.open(port);
      return Object.assign(seen, { port, session });
    },
    cluster,
  };
}
