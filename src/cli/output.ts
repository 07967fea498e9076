/** Columns for people; the first row is the heading. */
export function table(rows: string[][]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] + 3))).join('')).join('\n');
}

/** What a command says: JSON for programs, or lines for people. */
export function say(json: boolean | undefined, value: unknown, lines: () => string): void {
  const text = json ? JSON.stringify(value, null, 2) : lines();
  if (text) process.stdout.write(`${text}\n`);
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;

/** Shows that something goes on: a spinner on a terminal, nothing elsewhere (standard output stays the command's own). */
export async function during<T>(what: string | (() => string), work: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work;
  let frame = 0;
  const clear = '\r\u001b[K';
  const timer = setInterval(() => {
    const text = typeof what === 'string' ? what : what();
    process.stderr.write(`${clear}${FRAMES[frame++ % FRAMES.length]} ${text}`);
  }, FRAME_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    process.stderr.write(clear);
  }
}

/** A word beside, for people at a terminal only. */
export function note(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}

/** A rough age for people. */
export function age(iso: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(iso)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
