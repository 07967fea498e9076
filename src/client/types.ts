import type { Hono } from 'hono';
import type { RouteModule } from '../management/http/app.ts';

/** Schemas of all routes of the management API, inferred from the route modules: a union over them. */
type Schemas = SchemaOf<RouteModule>;
type SchemaOf<R> = R extends (...deps: never[]) => Hono<infer _E, infer S, infer _B> ? S : never;
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

type PathsOf<S, M extends Method> = S extends unknown
  ? { [P in keyof S]: `$${M}` extends keyof S[P] ? P : never }[keyof S] & string
  : never;
type EndpointOf<S, M extends Method, P extends string> = P extends `/v1${infer Q}`
  ? S extends { [K in Q]: { [K in `$${M}`]: infer E } }
    ? E
    : never
  : never;

/** Paths with a method. */
export type PathOf<M extends Method> = `/v1${PathsOf<Schemas, M>}`;
type Endpoint<M extends Method, P extends PathOf<M>> = EndpointOf<Schemas, M, P>;
type InputOf<E> = E extends { input: infer I } ? I : never;

/** Makes parts optional whose members are all optional. */
type Lenient<I> = { [K in keyof I as object extends I[K] ? never : K]: I[K] } & {
  [K in keyof I as object extends I[K] ? K : never]?: I[K];
};
/** Makes `account` optional: the client has a default. */
type Aware<I> = { [K in keyof I]: K extends 'param' ? Omit<I[K], 'account'> & { account?: string } : I[K] };

/** Input of a request that the route takes: `param`, `query`, `json`, `form`, `header`. */
export type RequestInput<M extends Method, P extends PathOf<M>> = Lenient<Aware<InputOf<Endpoint<M, P>>>>;

/** The same as an argument, optional where nothing is required. */
export type RequestArgument<M extends Method, P extends PathOf<M>> =
  object extends RequestInput<M, P> ? [request?: RequestInput<M, P>] : [request: RequestInput<M, P>];

type JsonOf<E> = E extends { outputFormat: 'json'; status: 200 | 201 | 202; output: infer O } ? O : never;
type NothingOf<E> = E extends { status: 204 } ? undefined : never;
/** Answer of handlers without JSON, which have no type. */
type OtherOf<E> = [NothingOf<E>] extends [never] ? string : undefined;

/** Successful answer of a route: JSON where it has any, nothing with 204, else text. */
export type Result<M extends Method, P extends PathOf<M>> = [JsonOf<Endpoint<M, P>>] extends [never]
  ? OtherOf<Endpoint<M, P>>
  : JsonOf<Endpoint<M, P>> | NothingOf<Endpoint<M, P>>;

/** An entry of a list. */
export type Item<P extends PathOf<'get'>> = Result<'get', P> extends { items: (infer I)[] } ? I : never;
