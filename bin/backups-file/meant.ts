import { closest, distance } from 'fastest-levenshtein';

/** What the user probably meant; `undefined` if nothing is near. */
export function meant(text: string, allowed: readonly string[]): string | undefined {
  const nearest = closest(text, allowed);
  return distance(text, nearest) <= Math.max(2, text.length / 3) ? `did you mean ${nearest}?` : undefined;
}
