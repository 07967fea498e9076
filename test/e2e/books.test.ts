import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Server, until } from './server.ts';

let server: Server;
let folder: string;
beforeAll(async () => {
  server = await Server.start();
  folder = mkdtempSync(join(tmpdir(), 'atoll-books-'));
});
afterAll(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const rows = (text: string) =>
  text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/));

const replicationController = (name: string, image: string, port: number, replicas: number, env = '') => `
apiVersion: v1
kind: ReplicationController
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
  selector:
    app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
      - name: ${name}
        image: ${image}
        ports:
        - containerPort: ${port}
${env}`;

const service = (name: string, port: number, nodePort: number) => `
apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  type: NodePort
  ports:
  - port: ${port}
    nodePort: ${nodePort}
  selector:
    app: ${name}
`;

describe('an application of two ReplicationControllers', () => {
  it('comes up behind its NodePort services', async () => {
    const env = '        env:\n        - name: MYSQL_ROOT_PASSWORD\n          value: "123456"\n';
    const manifests: Record<string, string> = {
      'mysql-rc.yaml': replicationController('mysql', 'mysql:5.7', 3306, 1, env),
      'mysql-svc.yaml': service('mysql', 3306, 30306),
      'myweb-rc.yaml': replicationController('myweb', 'kubeguide/tomcat-app:v1', 8080, 2),
      'myweb-svc.yaml': service('myweb', 8080, 30001),
    };
    for (const [name, text] of Object.entries(manifests)) {
      writeFileSync(join(folder, name), text);
      expect(await server.ok(['create', '-f', join(folder, name)])).toMatch(/ created$/m);
    }
    await server.ok('wait --for=condition=Ready pod -l app=myweb --timeout=30s');
    await server.ok('wait --for=condition=Ready pod -l app=mysql --timeout=30s');
    expect(rows(await server.ok('get rc')).map((row) => row.slice(0, 4))).toEqual([
      ['mysql', '1', '1', '1'],
      ['myweb', '2', '2', '2'],
    ]);
    const [, type, ip, , ports] = rows(await server.ok('get svc myweb'))[0];
    expect([type, ports]).toEqual(['NodePort', '8080:30001/TCP']);
    expect(ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const endpoints = JSON.parse(await server.ok('get endpoints myweb -o json'));
    expect(endpoints.subsets[0].addresses).toHaveLength(2);
    const slices = JSON.parse(await server.ok('get endpointslices -l kubernetes.io/service-name=myweb -o json'));
    expect(slices.items[0].endpoints).toHaveLength(2);
  });

  it('scales and says so to whoever describes it', async () => {
    await server.ok('scale rc myweb --replicas=3');
    await until('three pods', async () => (await server.ok('get rc myweb -o jsonpath={.status.readyReplicas}')) === '3');
    const text = await server.ok('describe rc myweb');
    expect(text).toMatch(/Replicas:\s+3 current \/ 3 desired/);
    expect(text).toMatch(/SuccessfulCreate.*replication-controller.*Created pod: myweb-/);
  });

  it('a deleted pod is replaced', async () => {
    const [[first]] = rows(await server.ok('get pods -l app=mysql'));
    await server.ok(`delete pod ${first}`);
    await server.ok('wait --for=condition=Ready pod -l app=mysql --timeout=30s');
    expect(rows(await server.ok('get pods -l app=mysql')).map((row) => row[0])).not.toContain(first);
  });

  it('is deleted with its files, pods too', async () => {
    await server.ok(['delete', '-f', folder]);
    await until('no pods', async () => (await server.ok('get pods -o name')) === '');
  });
});

const httpd = (image: string) => `
apiVersion: apps/v1beta1
kind: Deployment
metadata:
  name: httpd
spec:
  replicas: 3
  template:
    metadata:
      labels:
        run: httpd
    spec:
      containers:
      - name: httpd
        image: ${image}
        ports:
        - containerPort: 80
`;

describe('a Deployment of the old books', () => {
  const image = () => server.ok('get deployment httpd -o jsonpath={.spec.template.spec.containers[0].image}');

  it('is accepted under its old version, with a warning, and rolls out', async () => {
    const made = await server.kubectl('apply --record -f -', { input: httpd('httpd:2.4.16') });
    expect(made.code, made.err).toBe(0);
    expect(made.out).toBe('deployment.apps/httpd created\n');
    expect(made.err).toMatch(/Warning: apps\/v1beta1 Deployment is deprecated/);
    await server.ok('rollout status deployment/httpd --timeout=30s');
    expect(rows(await server.ok('get deployment httpd'))[0].slice(0, 4)).toEqual(['httpd', '3/3', '3', '3']);
    expect(JSON.parse(await server.ok('get deployment httpd -o json')).spec.selector.matchLabels).toEqual({ run: 'httpd' });
  });

  it('scales to 5 and to 3', async () => {
    for (const n of [5, 3]) {
      await server.ok(`scale deployment httpd --replicas=${n}`);
      await server.ok('rollout status deployment/httpd --timeout=30s');
      await until(`${n} pods`, async () => rows(await server.ok('get pods -l run=httpd')).length === n);
    }
  });

  it('rolls to new images, keeps a history and goes back to a revision', async () => {
    for (const version of ['2.4.17', '2.4.18']) {
      await server.ok('apply --record -f -', { input: httpd(`httpd:${version}`) });
      await server.ok('rollout status deployment/httpd --timeout=30s');
    }
    const history = await server.ok('rollout history deployment/httpd');
    expect(history).toMatch(/^1 +kubectl apply --record=true/m);
    expect(
      rows(history)
        .map((row) => row[0])
        .filter((cell) => /^\d+$/.test(cell)),
    ).toEqual(['1', '2', '3']);
    expect(await server.ok('rollout history deployment/httpd --revision=2')).toContain('httpd:2.4.17');
    await server.ok('rollout undo deployment/httpd --to-revision=1');
    await server.ok('rollout status deployment/httpd --timeout=30s');
    expect(await image()).toBe('httpd:2.4.16');
    expect(await server.ok('rollout history deployment/httpd')).toMatch(/^4 /m);
  });

  it('pauses, resumes and restarts', async () => {
    await server.ok('rollout pause deployment/httpd');
    await server.ok('set image deployment/httpd httpd=httpd:2.4.20');
    const sets = async () => rows(await server.ok('get rs -l run=httpd')).length;
    const before = await sets();
    expect((await server.kubectl('rollout undo deployment/httpd')).err).toMatch(/cannot rollback a paused deployment/);
    await server.ok('rollout resume deployment/httpd');
    await server.ok('rollout status deployment/httpd --timeout=30s');
    expect(await sets()).toBe(before + 1);
    await server.ok('rollout restart deployment/httpd');
    await server.ok('rollout status deployment/httpd --timeout=30s');
    expect(await server.ok('get deployment httpd -o jsonpath={.spec.template.metadata.annotations}')).toContain(
      'kubectl.kubernetes.io/restartedAt',
    );
  });

  it('is watched while it scales', async () => {
    const watch = server.follow('get pods -l run=httpd --watch');
    await until('the first lines', () => watch.lines().length >= 4);
    await server.ok('scale deployment httpd --replicas=4');
    await until('a new pod from Pending to Running', () => {
      const fresh = watch.lines().slice(4);
      return fresh.some((line) => / 0\/1 +Pending /.test(line)) && fresh.some((line) => / 1\/1 +Running /.test(line));
    });
    await watch.stop();
    await server.ok('scale deployment httpd --replicas=3');
  });

  it('shows diff and takes edits', async () => {
    const diff = await server.kubectl('diff -f -', { input: httpd('httpd:2.4.99') });
    expect(diff.code).toBe(1);
    expect(diff.out).toMatch(/^\+ +- image: httpd:2\.4\.99$/m);
    const edited = await server.ok('edit deployment httpd', { env: { KUBE_EDITOR: "sed -i 's/replicas: 3/replicas: 2/'" } });
    expect(edited).toBe('deployment.apps/httpd edited\n');
    await server.ok('rollout status deployment/httpd --timeout=30s');
    expect(await server.ok('get deployment httpd -o jsonpath={.spec.replicas}')).toBe('2');
  });

  it('is described and explained', async () => {
    const text = await server.ok('describe deployment httpd');
    expect(text).toMatch(/StrategyType:\s+RollingUpdate/);
    expect(text).toMatch(/Available\s+True\s+MinimumReplicasAvailable/);
    expect(text).toMatch(/ScalingReplicaSet\s+\S.*deployment-controller\s+Scaled up replica set httpd-\w+ from 0 to/);
    const explained = await server.ok('explain deployment.spec.strategy.rollingUpdate');
    expect(explained).toMatch(/KIND: +Deployment/);
    expect(explained).toContain('maxUnavailable');
    expect(await server.ok('explain pod.spec.containers.image')).toContain('FIELD: image <string>');
  });

  it('is gone with everything it owned', async () => {
    expect(await server.ok('delete deployment httpd')).toMatch(/^deployment.apps "httpd" deleted/);
    await until('nothing left', async () => (await server.ok('get rs,pods -o name')) === '');
  });
});

describe('nodes', () => {
  it('are chosen by label', async () => {
    const nodes = (await server.ok('get nodes -o name')).trim().split('\n');
    expect(nodes).toHaveLength(3);
    await server.ok(['label', nodes[1], 'disktype=ssd']);
    const name = nodes[1].replace('node/', '');
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'picky' },
      spec: { nodeSelector: { disktype: 'ssd' }, containers: [{ name: 'c', image: 'nginx' }] },
    };
    await server.ok('apply -f -', { input: JSON.stringify(pod) });
    await server.ok('wait --for=condition=Ready pod/picky --timeout=30s');
    expect(await server.ok('get pod picky -o jsonpath={.spec.nodeName}')).toBe(name);
    await server.ok('delete pod picky --now');
  });

  it('are cordoned, drained and come back', async () => {
    await server.ok('create deployment web --image=nginx --replicas=6');
    await server.ok('rollout status deployment/web --timeout=30s');
    const node = (await server.ok('get pods -l app=web -o jsonpath={.items[0].spec.nodeName}')).trim();
    await server.ok(`cordon ${node}`);
    expect(rows(await server.ok(`get node ${node}`))[0][1]).toBe('Ready,SchedulingDisabled');
    const drained = await server.ok(`drain ${node} --ignore-daemonsets --timeout=60s`);
    expect(drained).toContain(`node/${node} drained`);
    await server.ok('rollout status deployment/web --timeout=30s');
    const where = await server.ok('get pods -l app=web -o jsonpath={.items[*].spec.nodeName}');
    expect(where.split(' ')).not.toContain(node);
    await server.ok(`uncordon ${node}`);
    expect(rows(await server.ok(`get node ${node}`))[0][1]).toBe('Ready');
    await server.ok('delete deployment web');
  });

  it('say why a pod does not fit', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'nowhere' },
      spec: { nodeSelector: { disktype: 'tape' }, containers: [{ name: 'c', image: 'nginx' }] },
    };
    await server.ok('apply -f -', { input: JSON.stringify(pod) });
    await until('FailedScheduling', async () =>
      (await server.ok('describe pod nowhere')).includes(
        "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector",
      ),
    );
    await server.ok('delete pod nowhere');
  });
});

describe('a folder of manifests', () => {
  it('is applied, changed by a new apply and deleted', async () => {
    const app = mkdtempSync(join(folder, 'app-'));
    const configMap = (value: string) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { value } });
    writeFileSync(join(app, 'config.json'), configMap('one'));
    writeFileSync(join(app, 'service.yaml'), service('front', 80, 30080));
    writeFileSync(
      join(app, 'secret.json'),
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'keys' },
        data: { password: Buffer.from('secret').toString('base64') },
      }),
    );
    expect((await server.ok(['apply', '-f', app])).match(/ created$/gm)).toHaveLength(3);
    writeFileSync(join(app, 'config.json'), configMap('two'));
    const again = await server.ok(['apply', '-f', app]);
    expect(again).toContain('configmap/settings configured');
    expect(again.match(/ unchanged$/gm)).toHaveLength(2);
    expect(await server.ok(['get', 'configmap', 'settings', '-o', 'jsonpath={.data.value}'])).toBe('two');
    expect(await server.ok(['get', 'secret', 'keys', '-o', 'jsonpath={.data.password}'])).toBe(
      Buffer.from('secret').toString('base64'),
    );
    expect(await server.ok(['apply', '--server-side', '--force-conflicts', '-f', app])).toContain(
      'configmap/settings serverside-applied',
    );
    expect((await server.ok(['delete', '-f', app])).match(/ deleted/gm)).toHaveLength(3);
  });
});

describe('who may do what', () => {
  it('a service account has the rights that were bound to it, and no others', async () => {
    await server.ok('create serviceaccount reader');
    await server.ok('create role reads --verb=get,list,watch --resource=pods');
    await server.ok('create rolebinding reads --role=reads --serviceaccount=default:reader');
    const token = (await server.ok('create token reader')).trim();
    const as = (words: string) =>
      server.kubectl(['--token', token, ...words.split(' ')], { env: { KUBECONFIG: kubeconfigWithoutUser() } });
    expect((await as('get pods')).code).toBe(0);
    const refused = await as('get secrets');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(
      'User "system:serviceaccount:default:reader" cannot list resource "secrets" in API group "" in the namespace "default"',
    );
    expect((await server.ok('auth can-i create deployments')).trim()).toBe('yes');
    expect((await server.kubectl('auth can-i list secrets --as system:serviceaccount:default:reader')).out.trim()).toBe('no');
  });

  it('nobody without a credential', async () => {
    const answer = await server.kubectl(['--token', 'made-up', 'get', 'pods'], { env: { KUBECONFIG: kubeconfigWithoutUser() } });
    expect(answer.code).toBe(1);
    expect(answer.err).toMatch(/must be logged in|Unauthorized/);
  });

  const kubeconfigWithoutUser = () => {
    const file = join(folder, 'nobody.kubeconfig');
    const config = JSON.parse(server.kubeconfig);
    for (const user of config.users) user.user = {};
    writeFileSync(file, JSON.stringify(config));
    return file;
  };
});
