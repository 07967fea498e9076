/** Base64 (RFC 4648) of bytes and of UTF-8 text. */

/** Bytes of base64, or undefined when it is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Bytes in one call, which takes a bounded number of arguments. */
const PIECE = 4096;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += PIECE) text += String.fromCharCode(...bytes.subarray(i, i + PIECE));
  return btoa(text);
}

export const textToBase64 = (text: string): string => toBase64(new TextEncoder().encode(text));

/** The text of a value of a Secret's data; empty when it is absent or none. */
export function textOfBase64(base64: string | undefined): string {
  const bytes = base64 ? fromBase64(base64) : undefined;
  return bytes ? new TextDecoder().decode(bytes) : '';
}

/** Base64url without padding, of UTF-8 text. */
export const textToBase64Url = (text: string): string =>
  textToBase64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
