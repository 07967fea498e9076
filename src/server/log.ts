import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_FILE_BYTES } from './limits.ts';

/** Sink of log lines. */
export interface Log {
  /** Writes a line of the Worker (JSON) or of workerd. */
  write(line: string): void;
}

/** The Worker's log entries, as far as a sentence needs them. */
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

/** A sentence about a failure's entry; undefined for other lines. */
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

/** The log on standard error, verbatim: for a file or a collector. */
export const plainLog = (out: NodeJS.WritableStream = process.stderr): Log => ({
  write: (line) => void out.write(`${line}\n`),
});

/** The log in a file of the data folder; a person at a terminal sees failures, as sentences. */
export function terminalLog(folder: string, out: NodeJS.WritableStream = process.stderr): Log {
  const file = join(folder, 'server.log');
  // A start rotates a long file; one old file is kept.
  if (existsSync(file) && statSync(file).size > LOG_FILE_BYTES) renameSync(file, `${file}.1`);
  return {
    write: (line) => {
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
      const sentence = sentenceOf(line);
      if (sentence !== undefined) out.write(`atoll: ${sentence} (${file})\n`);
    },
  };
}
