import type { Filter } from '../call.ts';

/** One escape of a JSON string; pairs of surrogates together. */
const ESCAPE = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|[^])/g;
const LONE = /^\\u.{4}$/;

/** Half a character, as JSON can write it, is no text: Go's decoder puts U+FFFD in its place, and so do we before anybody reads it. */
export const surrogates: Filter = (call) => {
  const { request } = call;
  const { body } = request;
  if (!body.includes('\\ud') && !body.includes('\\uD')) return undefined;
  const whole = body.replace(ESCAPE, (escape) => (LONE.test(escape) ? '\\ufffd' : escape));
  if (whole !== body) call.request = { ...request, header: (name) => request.header(name), body: whole };
  return undefined;
};
