import { failure } from '../api/machinery/status-errors.ts';
import type { KubeObject } from '../lib/json.ts';
import type { Call, Deps, Target } from './call.ts';
import type { Answer } from './messages.ts';
import { metadataText, objectText, partialText } from './convert.ts';
import { respond } from './respond.ts';
import { columnsFor, definitionsText, includeObject, rowOf, rowText, tableText } from './table.ts';

/** A stored object as the answer to get, in whatever form the client asked for. */
export function presentStored(call: Call, deps: Deps, target: Target, status: number, json: string, revision: number): Answer {
  const { accept } = call;
  switch (accept.as) {
    case 'object':
      return respond(call, status, objectText(target, json));
    case 'PartialObjectMetadata':
      return respond(call, status, partialText(accept.apiVersion, metadataText(target.kind, json)));
    case 'PartialObjectMetadataList':
      throw wrongForm('PartialObjectMetadataList', 'is not a list', target.kind.kind);
    case 'Table': {
      const include = includeObject(call.query);
      const object = deps.registry.decode({ rev: revision, resource: '', namespace: '', name: '', json });
      const row = rowText(target, json, object, include, accept.apiVersion, call.now);
      const meta = `"resourceVersion":${JSON.stringify(object.metadata.resourceVersion)}`;
      return respond(call, status, tableText(accept.apiVersion, meta, definitionsText(columnsFor(target.kind)), [row]));
    }
  }
}

/** The answer of a write: text that is in the served version already. */
export function presentWritten(call: Call, target: Target, status: number, json: string, object: KubeObject): Answer {
  const { accept } = call;
  if (accept.as === 'object') return respond(call, status, json);
  const metadata = JSON.stringify(object.metadata);
  if (accept.as === 'PartialObjectMetadata') return respond(call, status, partialText(accept.apiVersion, metadata));
  if (accept.as === 'PartialObjectMetadataList') throw wrongForm('PartialObjectMetadataList', 'is not a list', target.kind.kind);
  const include = includeObject(call.query);
  const text = include === 'None' ? 'null' : include === 'Object' ? json : partialText(accept.apiVersion, metadata);
  const columns = columnsFor(target.kind, target.subresource);
  const meta = `"resourceVersion":${JSON.stringify(object.metadata.resourceVersion ?? '')}`;
  const rows = [rowOf(columns, object, call.now, text)];
  return respond(call, status, tableText(accept.apiVersion, meta, definitionsText(columns), rows));
}

/** The error of a metadata form that does not fit the request. */
export function wrongForm(form: string, why: string, goType: string) {
  return failure(406, 'NotAcceptable', `you requested ${form}, but the requested object ${why} (*core.${goType})`);
}
