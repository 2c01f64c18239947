import type { AlarmSettings, Cause } from '../../../catalog/contract/alarms';

/** A part of the housekeeping: under what it is remembered, and how it is told of. */
export interface Part {
  readonly cause: Cause;
  readonly of: string;
  readonly about: string;
}

/** What all that is no source is remembered under begins with: no name of a source has a slash. */
export const HOUSEKEEPING = 'housekeeping/';

/** Whether it is remembered as a source. */
export const isSource = (of: string): boolean => !of.startsWith(HOUSEKEEPING);

export const SUBSCRIPTIONS: Part = {
  cause: 'no-subscriber',
  of: `${HOUSEKEEPING}no-subscriber`,
  about: 'subscriptions',
};

export const MEASURING: Part = { cause: 'measure', of: `${HOUSEKEEPING}measure`, about: 'measuring' };

export const PRUNING: Part = { cause: 'prune', of: `${HOUSEKEEPING}prune`, about: 'pruning' };

const OF_SNAPSHOTS = 'pruning of snapshots ';

export const pruningOfSnapshots = (tag: string): Part => ({
  cause: 'prune-snapshots',
  of: `${HOUSEKEEPING}prune-snapshots/${tag}`,
  about: `${OF_SNAPSHOTS}${tag}`,
});

/** The tag of the snapshots that a part prunes, by what it is about. */
export const snapshotTagOf = (about: string): string | undefined =>
  about.startsWith(OF_SNAPSHOTS) ? about.slice(OF_SNAPSHOTS.length) : undefined;

/** What a function is for, by its name. */
export function partOfFunction(
  name: string,
  { measureFunction, prunings = [] }: Pick<AlarmSettings, 'measureFunction' | 'prunings'>,
): Part {
  if (name === measureFunction) return MEASURING;
  const pruning = prunings.find(({ functionName }) => functionName === name);
  if (pruning) return pruning.tag === undefined ? PRUNING : pruningOfSnapshots(pruning.tag);
  return { cause: 'other', of: `${HOUSEKEEPING}function/${name}`, about: `function ${name}` };
}
