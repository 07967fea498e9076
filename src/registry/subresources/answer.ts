import { jsonText } from '../../api/machinery/numerals.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { WriteResult } from '../options.ts';

export type SubresourceAnswer = WriteResult;

/** What subresources answer that have no object of their own to show: a Status, 201. */
export function success(): SubresourceAnswer {
  return shown({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

/** Answers with an object that is stored nowhere. */
export function shown(object: Obj, warnings: string[] = []): SubresourceAnswer {
  return { json: jsonText(object), object: object as KubeObject, created: true, warnings };
}
