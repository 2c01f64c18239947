import type { AlarmSettings, Cause } from '../../../catalog/contract/alarms';

/** Something that is no source: the key under which it is remembered, and its name in emails. */
export interface Concern {
  readonly cause: Cause;
  readonly key: string;
  readonly about: string;
}

/** Beginning of all keys that are no sources: no name of a source has a slash. */
export const HOUSEKEEPING = 'housekeeping/';

/** Whether a key is the name of a source. */
export const isSource = (key: string): boolean => !key.startsWith(HOUSEKEEPING);

export const SUBSCRIPTIONS: Concern = {
  cause: 'no-subscriber',
  key: `${HOUSEKEEPING}no-subscriber`,
  about: 'subscriptions',
};

export const MEASURING: Concern = { cause: 'measure', key: `${HOUSEKEEPING}measure`, about: 'measuring' };

export const PRUNING: Concern = { cause: 'prune', key: `${HOUSEKEEPING}prune`, about: 'pruning' };

/** Name of the pruning of snapshots with a tag. */
export const pruningOfSnapshots = (tag: string): Concern => ({
  cause: 'prune-snapshots',
  key: `${HOUSEKEEPING}prune-snapshots/${tag}`,
  about: `pruning of snapshots ${tag}`,
});

/** The concern of a function, by its name. */
export function concernOfFunction(
  name: string,
  { measureFunction, prunings = [] }: Pick<AlarmSettings, 'measureFunction' | 'prunings'>,
): Concern {
  if (name === measureFunction) return MEASURING;
  const pruning = prunings.find(({ functionName }) => functionName === name);
  if (pruning) return pruning.tag === undefined ? PRUNING : pruningOfSnapshots(pruning.tag);
  return { cause: 'other', key: `${HOUSEKEEPING}function/${name}`, about: `function ${name}` };
}
