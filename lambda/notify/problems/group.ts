import type { Problem } from '../../../catalog/contract/notification';

/** Things that have something in common, in the order in which they came. */
export function groupBy<T>(things: readonly T[], keyOf: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    const group = groups.get(key);
    if (group) group.push(thing);
    else groups.set(key, [thing]);
  }
  return groups;
}

/** Problems with the same one share an email. */
export const kindOf = ({ signal, cause }: Pick<Problem, 'signal' | 'cause'>): string => `${signal} ${cause}`;

/** Parts of at most so many. */
export const chunks = <T>(things: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(things.length / size) }, (_, index) => things.slice(index * size, (index + 1) * size));
