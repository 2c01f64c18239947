import { closest, distance } from 'fastest-levenshtein';

/** Suggests the word that the user probably meant: `did you mean shop?`; `undefined` if none is close. */
export function meant(text: string, allowed: readonly string[]): string | undefined {
  const nearest = closest(text, allowed);
  return distance(text, nearest) <= Math.max(2, text.length / 3) ? `did you mean ${nearest}?` : undefined;
}
