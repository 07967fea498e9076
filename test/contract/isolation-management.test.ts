import { expect, it } from 'vitest';
import { Doorman, type Outcome } from '../isolation/management.ts';
import { METHODS, requestTo, type Route, routesOf } from '../isolation/routes.ts';
import { makeTenants, type Holdings } from '../isolation/tenants.ts';
import { TRICKS } from '../isolation/tricks.ts';

const SHOWN = 20;
const t = await makeTenants();
const { routes, schemas } = routesOf(t.world.app);
const doorman = new Doorman(t, schemas);

it.each(routes.map((route) => [route.operationId, route] as const))(
  '[MG60] %s: everybody, at every address',
  async (_, route) => {
    doorman.deviations.length = 0;
    await doorman.ask(route);
    expect(doorman.deviations.slice(0, SHOWN)).toEqual([]);
  },
);

it('[MG60] every door was opened by somebody: the requests are good ones', () => {
  expect(routes.map((route) => route.operationId).filter((id) => !doorman.reached.has(id))).toEqual([]);
});

const valuesOf = (route: Route, of: Holdings) =>
  Object.fromEntries(route.params.map((name) => [name, (name === 'account' ? of.account : of.things[name]).id]));
const bearer = (label: string) => doorman.bearers.find((b) => b.label === label);
const marked = ({ text, headers }: Outcome, marks: string[], but: string) =>
  marks.filter((mark) => `${text}${JSON.stringify(headers)}`.includes(mark) && !but.includes(mark));

it('[MG61] an address takes no other methods than its own, from nobody', async () => {
  const bad: string[] = [];
  for (const path of new Set(routes.map((route) => route.path))) {
    const own = routes.filter((route) => route.path === path);
    const methods = METHODS.filter((m) => !own.some((r) => r.method === m || (r.method === 'get' && m === 'head')));
    const request = requestTo({ ...own[0], query: [] }, schemas, t, valuesOf(own[0], t.mine));
    for (const method of methods) {
      for (const who of [undefined, bearer('operator'), bearer('session owner'), bearer('token owner')]) {
        const outcome = await doorman.send({ ...request, method }, who);
        const fine = [401, 404, 405].includes(outcome.status) && !outcome.written && !outcome.asked.length;
        if (!fine) bad.push(`${method} ${path} ${who?.label}: ${outcome.status}`);
      }
    }
  }
  expect(bad).toEqual([]);
});

it('[MG61] HEAD is let in where GET is, and nowhere else', async () => {
  const bad: string[] = [];
  for (const route of routes.filter((r) => r.method === 'get' && r.params.includes('account'))) {
    for (const who of doorman.bearers) {
      for (const of of [t.mine, t.theirs]) {
        const request = requestTo(route, schemas, t, valuesOf(route, of));
        const [get, head] = [
          await doorman.send({ ...request, method: 'get' }, who),
          await doorman.send({ ...request, method: 'head' }, who),
        ];
        if (get.status !== head.status || head.text !== '') bad.push(`${route.path} ${who.label}: ${get.status} ${head.status}`);
      }
    }
  }
  expect(bad.slice(0, SHOWN)).toEqual([]);
});

it.each([
  ['another origin', { origin: 'https://evil.test' }],
  ['an origin of another port', { origin: 'https://atoll.test:444' }],
  ['no origin of its own', { origin: 'null' }],
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['a sister site', { 'sec-fetch-site': 'same-site' }],
  ['a name that was pointed here', { origin: 'https://evil.test', host: 'evil.test', 'sec-fetch-site': 'same-origin' }],
  ['a name that was pointed here, asked from its own page', { host: 'evil.test', 'sec-fetch-site': 'same-origin' }],
])('[MG63] a browser that comes from %s is refused everywhere, whoever it speaks for', async (_, headers) => {
  const bad: string[] = [];
  for (const route of routes.filter((r) => r.guard.needs !== 'public')) {
    const request = requestTo(route, schemas, t, valuesOf(route, t.mine));
    for (const label of ['none', 'operator', 'session owner', 'token owner']) {
      const outcome = await doorman.send({ ...request, method: route.method, headers }, bearer(label));
      const fine =
        outcome.status === 403 && outcome.text.includes('"foreign-origin"') && !outcome.written && !outcome.asked.length;
      if (!fine) bad.push(`${route.operationId} ${label}: ${outcome.status} ${outcome.text}`);
      if (outcome.headers['access-control-allow-origin']) bad.push(`${route.operationId} ${label}: CORS`);
    }
  }
  expect(bad.slice(0, SHOWN)).toEqual([]);
});

it.each(Object.keys(TRICKS))("[MG62] %s: opens no door that is closed, and tells nobody's things", async (trick) => {
  const bad: string[] = [];
  for (const route of routes.filter((r) => r.params.includes('account'))) {
    const request = requestTo(route, schemas, t, valuesOf(route, t.theirs));
    const path = TRICKS[trick](request.path);
    for (const label of ['none', 'token owner', 'session owner', 'token confined to a cluster']) {
      const outcome = await doorman.send({ ...request, method: route.method, path }, bearer(label));
      // "/accounts/self" is their own, and may be what is left of the address.
      const theirOwn = outcome.status < 300 && label !== 'none' && !marked(outcome, t.marks.theirs, '').length;
      const refused = outcome.status >= 400 && outcome.status < 500 && !outcome.written;
      const leaks = marked(outcome, t.marks.theirs, decodeURIComponentSafely(path));
      if (!(refused || theirOwn) || leaks.length || outcome.headers['x-injected']) {
        bad.push(`${route.method} ${path} ${label}: ${outcome.status} ${leaks}`);
      }
    }
  }
  expect(bad.slice(0, SHOWN)).toEqual([]);
});

function decodeURIComponentSafely(text: string): string {
  try {
    return `${text}${decodeURIComponent(text)}`;
  } catch {
    return text;
  }
}
