import { expect, it } from 'vitest';
import { Doorman, face, type Outcome } from './management.ts';
import { METHODS, requestTo, type Route, routesOf } from './routes.ts';
import { type Known, namesIn, naming, type Schema } from './sample.ts';
import { type Holdings, makeTenants } from './tenants.ts';
import { TRICKS } from './tricks.ts';

const SHOWN = 20;

/** The tests of the management API's doors; one bearer of so many is asked at each address, another each time. */
export async function managementSuite(every: number): Promise<void> {
  const t = await makeTenants();
  const { routes, schemas } = routesOf(t.world.app);
  const doorman = new Doorman(t, schemas, every);
  const to = (route: Route, of: Holdings) =>
    requestTo(
      route,
      schemas,
      t,
      Object.fromEntries(route.params.map((name) => [name, (name === 'account' ? of.account : of.things[name]).id])),
    );
  const suite = { t, routes, schemas, doorman, to };
  everybody(suite);
  methods(suite);
  bodies(suite);
  browsers(suite);
  tricks(suite);
}

interface Suite {
  t: Awaited<ReturnType<typeof makeTenants>>;
  routes: Route[];
  schemas: Record<string, Schema>;
  doorman: Doorman;
  to(route: Route, of: Holdings): ReturnType<typeof requestTo>;
}

function everybody({ routes, doorman }: Suite): void {
  it('[MG60] these are open to everybody, and no others', () => {
    const open = routes.filter((route) => route.guard.requires === 'public').map((route) => route.operationId);
    expect(open.sort()).toEqual(PUBLIC);
  });

  it.each(routes.map((route) => [route.operationId, route] as const))(
    '[MG60] %s: everybody, at every address',
    async (_, route) => {
      doorman.deviations.length = 0;
      await doorman.ask(route);
      expect(doorman.deviations.slice(0, SHOWN)).toEqual([]);
    },
  );

  it('[MG60] every door was opened by somebody: the requests are good ones', () => {
    // What is public has no door: whether it works is for its own tests to say.
    const guarded = routes.filter((route) => route.guard.requires !== 'public').map((route) => route.operationId);
    expect(guarded.filter((id) => !doorman.reached.has(id))).toEqual([]);
    console.log(`${doorman.cells} cells: ${routes.length} routes, ${doorman.bearers.length} bearers`);
  });
}

/** Routes without a door: whoever adds one says so here too. */
const PUBLIC = [
  'beginDevice',
  'beginSignIn',
  'decideDevice',
  'finishSignIn',
  'listIssuers',
  'pollDevice',
  'showDevice',
  'showProblem',
];

function methods({ t, routes, doorman, to }: Suite): void {
  it('[MG61] an address takes no other methods than its own, from nobody', async () => {
    const bad: string[] = [];
    for (const path of new Set(routes.map((route) => route.path))) {
      const own = routes.filter((route) => route.path === path);
      const foreign = METHODS.filter((m) => !own.some((r) => r.method === m || (r.method === 'get' && m === 'head')));
      for (const method of foreign) {
        for (const label of ['none', 'operator', 'session owner', 'token owner']) {
          const outcome = await doorman.send({ ...to(own[0], t.mine), method }, doorman.bearer(label));
          const fine = [401, 404, 405].includes(outcome.status) && !outcome.written && !outcome.asked.length;
          if (!fine) bad.push(`${method} ${path} ${label}: ${outcome.status}`);
        }
      }
    }
    expect(bad).toEqual([]);
  });

  it('[MG61] HEAD is let in where GET is, and nowhere else', async () => {
    const bad: string[] = [];
    for (const route of routes.filter((r) => r.method === 'get' && r.params.includes('account'))) {
      for (const who of doorman.some()) {
        for (const of of [t.mine, t.theirs]) {
          const request = to(route, of);
          const get = await doorman.send({ ...request, method: 'get' }, who);
          const head = await doorman.send({ ...request, method: 'head' }, who);
          const same = get.status === head.status && head.text === '';
          if (!same) bad.push(`${route.path} ${who.label}: ${get.status} ${head.status}`);
        }
      }
    }
    expect(bad.slice(0, SHOWN)).toEqual([]);
  });
}

function bodies({ t, routes, schemas, doorman, to }: Suite): void {
  const named = routes.flatMap((route) =>
    (route.body ? namesIn(route.body.schema, schemas) : []).map((name) => [route, name] as const),
  );

  it.each(named.map(([route, name]) => [route.operationId, name, route] as const))(
    "[MG68] %s: another account's %s in the body is as good as none",
    async (_, name, route) => {
      for (const label of ['token owner', 'session owner']) {
        const [theirs, none] = [knownOf(t, t.theirs), knownOf(t, t.ghost)];
        const plain = to(route, t.mine);
        const with_ = (known: Known) => ({
          ...plain,
          method: route.method,
          body: JSON.stringify({ ...JSON.parse(plain.body ?? '{}'), ...naming(name, known) }),
        });
        const outcome = await doorman.send(with_(theirs), doorman.bearer(label));
        const twin = await doorman.send(with_(none), doorman.bearer(label));
        expect([outcome.status >= 400 && outcome.status < 500, outcome.written, outcome.asked]).toEqual([true, false, []]);
        const said = { cluster: theirs.cluster, person: theirs.person };
        expect(face(outcome, said, { cluster: none.cluster, person: none.person })).toBe(face(twin, {}, {}));
      }
    },
  );
}

const knownOf = ({ mine, world }: Suite['t'], { things }: Holdings): Known => ({
  cluster: things.cluster.id,
  person: things.person.id,
  invitationSecret: mine.invitationSecret,
  now: world.clock.now,
});

const BROWSERS: [string, Record<string, string>][] = [
  ['another origin', { origin: 'https://evil.test' }],
  ['an origin of another port', { origin: 'https://atoll.test:444' }],
  ['an origin without TLS', { origin: 'http://evil.test' }],
  ['no origin of its own', { origin: 'null' }],
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['a sister site', { 'sec-fetch-site': 'same-site' }],
  ['a name that was pointed here', { origin: 'https://evil.test', host: 'evil.test', 'sec-fetch-site': 'same-origin' }],
  ['a name that was pointed here, asked from its own page', { host: 'evil.test', 'sec-fetch-site': 'same-origin' }],
];

function browsers({ t, routes, doorman, to }: Suite): void {
  it.each(BROWSERS)('[MG63] a browser that comes from %s is refused everywhere, whoever it speaks for', async (_, headers) => {
    const bad: string[] = [];
    for (const route of routes.filter((r) => r.guard.requires !== 'public')) {
      for (const label of ['none', 'operator', 'session owner', 'token owner']) {
        const outcome = await doorman.send({ ...to(route, t.mine), method: route.method, headers }, doorman.bearer(label));
        const { status, text } = outcome;
        const fine = status === 403 && text.includes('"foreign-origin"') && !outcome.written && !outcome.asked.length;
        if (!fine) bad.push(`${route.operationId} ${label}: ${status} ${text}`);
        if (outcome.headers['access-control-allow-origin']) bad.push(`${route.operationId} ${label}: CORS`);
      }
    }
    expect(bad.slice(0, SHOWN)).toEqual([]);
  });
}

function tricks({ t, routes, doorman, to }: Suite): void {
  it.each(Object.keys(TRICKS))("[MG62] %s: opens no door that is closed, and tells nobody's things", async (trick) => {
    const bad: string[] = [];
    for (const route of routes.filter((r) => r.params.includes('account'))) {
      const request = to(route, t.theirs);
      const path = TRICKS[trick](request.path);
      for (const label of ['none', 'token owner', 'session owner', 'token confined to a cluster']) {
        const outcome = await doorman.send({ ...request, method: route.method, path }, doorman.bearer(label));
        // "/accounts/self" is their own, and may be what is left of the address.
        const theirOwn = outcome.status < 300 && label !== 'none';
        const refused = outcome.status >= 400 && outcome.status < 500 && !outcome.written;
        const leaks = marked(outcome, t.marks.theirs, decoded(path));
        if (!(refused || theirOwn) || leaks.length || outcome.headers['x-injected']) {
          bad.push(`${route.method} ${path} ${label}: ${outcome.status} ${leaks}`);
        }
      }
    }
    expect(bad.slice(0, SHOWN)).toEqual([]);
  });
}

const marked = ({ text, headers }: Outcome, marks: string[], sent: string) =>
  marks.filter((mark) => `${text}${JSON.stringify(headers)}`.includes(mark) && !sent.includes(mark));

function decoded(text: string): string {
  try {
    return `${text}${decodeURIComponent(text)}`;
  } catch {
    return text;
  }
}
