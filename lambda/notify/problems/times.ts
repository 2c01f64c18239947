/** Times are compared as times: some have milliseconds, some have not. */
export const before = (a: string, b: string | undefined): boolean =>
  b !== undefined && (a === '' || Date.parse(a) < Date.parse(b));
export const earlier = (a: string | undefined, b: string): string => (a !== undefined && before(a, b) ? a : b);
export const later = (a: string | undefined, b: string): string => (a !== undefined && before(b, a) ? a : b);
/** Milliseconds from one time to another. */
export const between = (from: string, to: string): number => Date.parse(to) - Date.parse(from);
