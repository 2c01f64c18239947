import type { Problem } from '../../../catalog/contract/notification';

/** Groups of things with the same key, in the order of their first one. */
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

/** Problems with the same kind share an email. */
export const kindOf = ({ signal, cause, flapping }: Pick<Problem, 'signal' | 'cause' | 'flapping'>): string =>
  `${signal} ${cause}${flapping ? ' flapping' : ''}`;

/** Splits a list into chunks. */
export const chunks = <T>(things: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(things.length / size) }, (_, index) => things.slice(index * size, (index + 1) * size));
