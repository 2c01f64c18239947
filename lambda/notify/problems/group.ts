import type { Problem } from '../../../catalog/contract/notification';

/** Problems with the same kind share an email. */
export const kindOf = ({ signal, cause, flapping }: Pick<Problem, 'signal' | 'cause' | 'flapping'>): string =>
  `${signal} ${cause}${flapping ? ' flapping' : ''}`;

/** Splits a list into chunks. */
export const chunks = <T>(things: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(things.length / size) }, (_, index) => things.slice(index * size, (index + 1) * size));
