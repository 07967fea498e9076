import { html } from 'hono/html';
import type { Issuer } from './issuers.ts';
import type { PersonRow } from './sessions.ts';

type Html = ReturnType<typeof html>;

/** Content-Security-Policy: own style, forms to this origin, no frames, nothing else. */
export const headersOf = (nonce: string): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  // Not "no-referrer": a form would then be sent with the origin "null".
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
});

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto; padding: 0 1rem; color: #1b2733; }
h1 { font-size: 1.4rem; }
.code { font: 600 1.6rem ui-monospace, monospace; letter-spacing: .1em; }
.choice { display: block; margin: .6rem 0; padding: .6rem 1rem; border: 1px solid #0b6e99; border-radius: .4rem; text-decoration: none; }
button, input { font: inherit; padding: .5rem 1rem; margin-right: .6rem; }
.quiet { color: #5b6b7b; font-size: .9rem; }
`;

/** A page; `html` escapes everything inserted. */
export const page = (nonce: string, title: string, content: Html): Html => html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} - Atoll</title><style nonce="${nonce}">${STYLE}</style></head>
<body><h1>${title}</h1>${content}</body>
</html>
`;

/** Choice of issuers. */
export const signInChoices = (o: { issuers: readonly Issuer[]; address: (issuer: Issuer) => string }): Html =>
  html`<p>Sign in first.</p>${o.issuers.map((issuer) => html`<a class="choice" href="${o.address(issuer)}">Sign in with ${issuer.name}</a>`)}`;

/** The signed-in person, and a link to change. */
const signedInAs = ({ name, email }: PersonRow, again: string): Html =>
  html`<p class="quiet">You are ${name}${email === null || email === name ? '' : ` (${email})`}. <a href="${again}">Somebody else?</a></p>`;

/** Form for a device's user code. */
export const codeForm = (o: { action: string; person: PersonRow; again: string; wrong?: boolean }): Html =>
  html`${o.wrong ? html`<p>No device waits under that code: it was mistyped, it is too old, or it was used.</p>` : ''}
<form method="get" action="${o.action}">
<p><label>The code that your device shows: <input name="user_code" required autofocus autocomplete="off" maxlength="20"></label></p>
<p><button>Go on</button></p>
</form>
${signedInAs(o.person, o.again)}`;

/** Form to approve or refuse a device. */
export const approval = (o: {
  action: string;
  person: PersonRow;
  again: string;
  device: { name: string; userCode: string; when: string };
  csrf: string;
}): Html => html`<p>A device that calls itself <strong>${o.device.name}</strong> wants to act as you. It shows this code:</p>
<p class="code">${o.device.userCode}</p>
<p>Approve it only if you began this yourself, on a device of yours, and the code is the same there. It asked at ${o.device.when}.</p>
<form method="post" action="${o.action}">
<input type="hidden" name="user_code" value="${o.device.userCode}"><input type="hidden" name="csrf" value="${o.csrf}">
<p><button name="decision" value="approve">Approve</button><button name="decision" value="deny">Deny</button></p>
</form>
${signedInAs(o.person, o.again)}`;

/** A page of one sentence. */
export const words = (text: string): Html => html`<p>${text}</p>`;
