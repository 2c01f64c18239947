/** Time spans as users write them: `90s`, `30m`, `6h`, `14d`. */

/** Rule for a time span. */
export const TIME_SPAN_RULE = 'a whole number with a unit, such as 90s, 30m, 6h or 14d';

/** Number and unit of a time span; `undefined` for any other text. */
export function timeSpan(text: string): { readonly number: number; readonly unit: 's' | 'm' | 'h' | 'd' } | undefined {
  const [, number, unit] = /^([1-9]\d*)([smhd])$/.exec(text) ?? [];
  return unit === undefined ? undefined : { number: Number(number), unit: unit as 's' | 'm' | 'h' | 'd' };
}
