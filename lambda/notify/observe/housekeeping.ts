import type { AlarmSettings, Cause } from '../../../catalog/contract/alarms';
import type { OpenProblems } from '../problems/remembered';
import { between } from '../problems/times';

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

/** A pruning of the bucket, by the name of its function: several may prune sources of one bucket. */
export function pruningOf(functionName: string, { prunings = [] }: Pick<AlarmSettings, 'prunings'>): Concern {
  const isOnly = prunings.every((one) => one.tag !== undefined || one.functionName === functionName);
  const about = isOnly ? 'pruning' : `pruning by ${functionName}`;
  return { cause: 'prune', key: `${HOUSEKEEPING}prune/${functionName}`, about };
}

/** Name of the pruning of snapshots with a tag. */
export const pruningOfSnapshots = (tag: string): Concern => ({
  cause: 'prune-snapshots',
  key: `${HOUSEKEEPING}prune-snapshots/${tag}`,
  about: `pruning of snapshots ${tag}`,
});

/** Key of the copies of a source's recovery points in another vault. */
export const copiesKey = (source: string, destination: string): string =>
  `${HOUSEKEEPING}managed-copy/${source}/${destination}`;

/** A pruning of another stack is not in the settings: it is gone when it has said nothing for this time. */
const PRUNING_GONE_MS = 30 * 86_400_000;

/** Whether open problems are of something that the settings no longer name. */
export function isRemoved(
  { key, open }: OpenProblems,
  at: string,
  { sources, prunings = [], alarms }: Pick<AlarmSettings, 'sources' | 'prunings' | 'alarms'>,
): boolean {
  if (isSource(key)) return !Object.hasOwn(sources, key);
  const [concern, name = '', ...more] = key.slice(HOUSEKEEPING.length).split('/');
  const last = open.housekeeping;
  switch (concern) {
    case 'managed-copy':
      return !sources[name]?.managed?.copies?.includes(more.join('/'));
    case 'restore':
    case 'maintain':
      return !Object.hasOwn(sources, name);
    case 'prune':
    case 'prune-snapshots': {
      const pruning = [name, ...more].join('/');
      if (last === undefined || prunings.some(({ functionName, tag = functionName }) => tag === pruning)) return false;
      return between(last.lastAt, at) > PRUNING_GONE_MS;
    }
    default: {
      const alarm = last?.details?.resource?.split(':alarm:')[1];
      return alarm !== undefined && alarms !== undefined && !alarms.includes(alarm);
    }
  }
}

/** The concern of a function, by its name. */
export function concernOfFunction(
  name: string,
  { measureFunction, prunings = [] }: Pick<AlarmSettings, 'measureFunction' | 'prunings'>,
): Concern {
  if (name === measureFunction) return MEASURING;
  const pruning = prunings.find(({ functionName }) => functionName === name);
  if (pruning) return pruning.tag === undefined ? pruningOf(name, { prunings }) : pruningOfSnapshots(pruning.tag);
  return { cause: 'other', key: `${HOUSEKEEPING}function/${name}`, about: `function ${name}` };
}
