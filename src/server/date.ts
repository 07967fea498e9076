const SECOND_MS = 1000;

/** Returns a function that returns the Date header line of now (RFC 9110, section 5.6.7), made once a second. */
export function dateLines(clock: () => number): () => string {
  let second = Number.NaN;
  let line = '';
  return () => {
    const now = Math.floor(clock() / SECOND_MS);
    if (now !== second) {
      second = now;
      line = `\r\nDate: ${new Date(now * SECOND_MS).toUTCString()}`;
    }
    return line;
  };
}
