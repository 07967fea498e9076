/** Columns for people; the first row is the heading. */
export function table(rows: string[][]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] + 3))).join('')).join('\n');
}

/** Prints a command's result: JSON for programs, or lines for people. */
export function print(json: boolean | undefined, value: unknown, lines: () => string): void {
  const text = json ? JSON.stringify(value, null, 2) : lines();
  if (text) process.stdout.write(`${text}\n`);
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;

/** Without a terminal: ms before progress is printed, and between further lines. */
const PLAIN_AFTER_MS = 2_000;
const PLAIN_EVERY_MS = 15_000;

/** Prints progress of long work in plain lines. */
async function reportProgress<T>(what: () => string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const report = () => {
    process.stderr.write(`${what()} ...\n`);
    timer = setTimeout(report, PLAIN_EVERY_MS);
  };
  timer = setTimeout(report, PLAIN_AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** Shows progress on standard error while work runs: a spinner on a terminal, a line now and then elsewhere. */
export async function withProgress<T>(what: string | (() => string), work: Promise<T>): Promise<T> {
  const words = typeof what === 'string' ? () => what : what;
  if (!process.stderr.isTTY) return reportProgress(words, work);
  let frame = 0;
  const clear = '\r\u001b[K';
  const timer = setInterval(() => {
    process.stderr.write(`${clear}${FRAMES[frame++ % FRAMES.length]} ${words()}`);
  }, FRAME_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    process.stderr.write(clear);
  }
}

/** Prints a hint for people at a terminal only. */
export function printHint(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}

/** Rough age, for people. */
export function age(iso: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(iso)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
