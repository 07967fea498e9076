/** int-or-string values (apimachinery util/intstr): 3, "25%", "http". */
export type IntOrString = number | string;

/** The share of `total` that a percentage means, or the number itself; undefined for other strings (and where upstream errs). */
export function scaled(value: IntOrString, total: number, roundUp: boolean): number | undefined {
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  if (percent === undefined) return undefined;
  const share = (percent * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}

/** The number before the % of a percentage, or undefined for what is none (signs and leading zeros count as Go's Atoi takes them). */
export function percentOf(value: string): number | undefined {
  return /^[+-]?[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}
