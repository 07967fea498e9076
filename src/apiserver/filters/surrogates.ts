import type { Filter } from '../call.ts';

/** One escape of a JSON string; pairs of surrogates together. */
const ESCAPE = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2}|[^])/g;
const LONE = /^\\u.{4}$/;

/** Replaces lone surrogates in JSON by U+FFFD before decoding, as Go's decoder does. */
export const surrogates: Filter = (call) => {
  const { request } = call;
  const { body } = request;
  if (!body.includes('\\ud') && !body.includes('\\uD')) return undefined;
  const whole = body.replace(ESCAPE, (escape) => (LONE.test(escape) ? '\\ufffd' : escape));
  if (whole !== body) call.request = { ...request, header: (name) => request.header(name), body: whole };
  return undefined;
};
