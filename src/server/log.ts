import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_FILE_BYTES } from './limits.ts';

/** Where lines of the log go. */
export interface Log {
  /** Takes a line of the Worker, which is JSON, or of workerd. */
  write(line: string): void;
}

/** The entries that the Worker logs, as far as a sentence needs them. */
interface Entry {
  level?: string;
  type?: string;
  action?: string;
  verb?: string;
  resource?: string;
  cluster?: string;
  status?: number;
  error?: string;
}

/** A sentence about an entry that tells of a failure; undefined for the rest, and for what is no entry. */
export function sentenceOf(line: string): string | undefined {
  let entry: Entry;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (entry?.level !== 'error') return undefined;
  const { type = 'server', action, verb, resource, cluster, status, error } = entry;
  const what = [type, action ?? verb, resource].filter(Boolean).join(' ');
  const where = cluster === undefined ? '' : ` in cluster ${cluster}`;
  const why = [status !== undefined && `it was answered ${status}`, error].filter(Boolean).join(', ');
  return `${what}${where} failed${why && `: ${why}`}`;
}

/** The log on standard error, as it comes: for a file or a collector. */
export const plainLog = (out: NodeJS.WritableStream = process.stderr): Log => ({
  write: (line) => void out.write(`${line}\n`),
});

/** The log in a file of the data folder, for a person at a terminal: they are told of failures, in sentences. */
export function terminalLog(folder: string, out: NodeJS.WritableStream = process.stderr): Log {
  const file = join(folder, 'server.log');
  // A start begins another file when this one has grown long; one is kept.
  if (existsSync(file) && statSync(file).size > LOG_FILE_BYTES) renameSync(file, `${file}.1`);
  return {
    write: (line) => {
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
      const sentence = sentenceOf(line);
      if (sentence !== undefined) out.write(`atoll: ${sentence} (${file})\n`);
    },
  };
}
