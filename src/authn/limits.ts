/** Bounds of authn/, each with its unit and what happens there. */

/** Issuers that one cluster trusts; beyond it 400 (upstream's bound). */
export const ISSUERS = 64;
/** Characters of an AuthenticationConfiguration, and entries of all its lists; beyond either 400. */
export const AUTHENTICATION_CHARACTERS = 64 * 1024;
export const AUTHENTICATION_ENTRIES = 2_000;
/** How long an issuer's keys are good without asking anew, ms. */
export const ISSUER_KEYS_MS = 3_600_000;
/** How long an issuer is not asked again after it answered wrongly or not at all, or for a key that it did not have, ms. */
export const ISSUER_RETRY_MS = 30_000;
/** Characters of one document of an issuer, and keys of its set; beyond either the issuer counts as not available. */
export const ISSUER_DOCUMENT_CHARACTERS = 64 * 1024;
export const ISSUER_KEYS = 100;
/** Characters of the modulus of an RSA key of an issuer (8192 bits); a longer key is left out, for it costs too much to verify with. */
export const ISSUER_MODULUS_CHARACTERS = 1_366;
/** Characters of a token of an issuer; beyond it 401. */
export const ISSUED_TOKEN_CHARACTERS = 16 * 1024;
/** How long after now a token of an issuer may expire at the latest, ms; one that says more counts as expiring then. */
export const ISSUED_TOKEN_MS = 365 * 86_400_000;
/** Verified tokens of issuers that are remembered. */
export const ISSUED_TOKENS = 1_024;
/** Minimum characters of the modulus of an RSA key of an issuer (1024 bits, Go's minimum); a shorter key verifies nothing. */
export const ISSUER_MODULUS_MIN_CHARACTERS = 171;
/** Leeway for "not before" of an issuer's token, ms (go-oidc); there is none for the expiry. */
export const NOT_BEFORE_LEEWAY_MS = 60_000;
/** Leeway for the times in a service account's token, seconds (go-jose). */
export const TOKEN_LEEWAY_SECONDS = 60;
/** Verified service account tokens kept in memory, so that a signature is checked once; the oldest are dropped first. */
export const VERIFIED_TOKENS = 1024;
/** Tokens whose hash is kept in memory; the oldest are dropped first. */
export const HASH_MEMO_ENTRIES = 256;
/** Verified client certificates that are cached; the oldest are dropped first, and verified again. */
export const VERIFIED_CERTIFICATES = 256;
