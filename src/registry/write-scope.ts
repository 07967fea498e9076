import { type Kind, type Resource, resourceOf, type StrategyContext } from '../api/machinery/define-kind.ts';
import type { Kernel } from './kernel.ts';
import type { DeleteRequest, WriteOptions } from './options.ts';
import type { Ports } from './ports.ts';
import type { WriteStrategy } from './strategy.ts';

/** One run of a request that writes: its options, warnings and annotations. Created for each run, never reused. */
export interface RequestScope<Options> {
  readonly kernel: Kernel;
  readonly ports: Ports;
  readonly kind: Kind;
  readonly resource: Resource;
  /** "" for cluster-scoped kinds, whatever the options say. */
  readonly namespace: string;
  readonly options: Options;
  /** Texts for Warning headers. */
  readonly warnings: string[];
  /** Audit annotations, passed on once the run is over. */
  readonly annotations: readonly [key: string, value: string][];
  /** Adds to them; absent without an audit event. */
  readonly annotate: ((key: string, value: string) => void) | undefined;
}

/** A POST to a subresource. */
export type PostScope = RequestScope<WriteOptions>;
export type DeleteScope = RequestScope<DeleteRequest>;

/** A write of an object, or of it through a subresource. */
export interface WriteScope extends RequestScope<WriteOptions> {
  readonly strategy: WriteStrategy;
  /** The context of the kind's functions. */
  readonly context: StrategyContext;
}

/** The scope of one run. */
export function openScope<O extends Pick<WriteOptions, 'namespace' | 'annotate'>>(
  kernel: Kernel,
  ports: Ports,
  kind: Kind,
  options: O,
): RequestScope<O> {
  const annotations: [string, string][] = [];
  return {
    kernel,
    ports,
    kind,
    resource: resourceOf(kind),
    namespace: kind.namespaced ? options.namespace : '',
    options,
    warnings: [],
    annotations,
    annotate: options.annotate && ((key, value) => void annotations.push([key, value])),
  };
}

/** The scope of one run of a write through `strategy`. */
export function openWrite(kernel: Kernel, ports: Ports, kind: Kind, options: WriteOptions, strategy: WriteStrategy): WriteScope {
  const context = kernel.context(options.now, options.subresource, strategy.apiVersion, options.user);
  return { ...openScope(kernel, ports, kind, options), strategy, context };
}
