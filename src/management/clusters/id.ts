/** Keyed hash as a port: lower-case hex of a MAC over text. */
export type Mac = (text: string) => string;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const BODY = 16;
const CHECK = 10;
/** Characters of a cluster id: 80 bits of chance, then 50 bits of a MAC over them. */
export const ID_LENGTH = BODY + CHECK;

const check = (body: string, mac: Mac): string => {
  const digest = mac(`cluster ${body}`);
  let out = '';
  for (let i = 0; i < CHECK; i++) out += ALPHABET[Number.parseInt(digest.slice(i * 2, i * 2 + 2), 16) & 31];
  return out;
};

/** A new cluster id with a MAC, so that a made-up id is refused before any object is touched. */
export function makeClusterId(random: { next(): number }, mac: Mac): string {
  let body = '';
  for (let i = 0; i < BODY; i++) body += ALPHABET[Math.floor(random.next() * ALPHABET.length)];
  return body + check(body, mac);
}

/** Whether the id's MAC is this deployment's. */
export function isClusterId(id: string, mac: Mac): boolean {
  return id.length === ID_LENGTH && check(id.slice(0, BODY), mac) === id.slice(BODY);
}
