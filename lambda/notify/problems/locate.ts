import type { AlarmSettings } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import { pruningOfSnapshots } from '../observe/housekeeping';

/** Adds the log, or the vault: of a source's runs, or of the function that a problem of the housekeeping is about. */
export function locate(problem: Problem, settings: AlarmSettings): Problem {
  const { functionName, logGroup } = placeOf(problem, settings);
  const managed = settings.sources[problem.source ?? '']?.managed;
  const name = logGroup === undefined ? undefined : settings.logGroups[logGroup];
  const isFunction = problem.pruned !== undefined || problem.resource?.split(':')[2] === 'lambda';
  return {
    ...problem,
    ...(problem.logGroup === undefined && name !== undefined && { logGroup: name }),
    ...(managed && { managed }),
    // The ARN of an alarm helps nobody.
    ...(functionName !== undefined && !isFunction && { resource: functionName }),
  };
}

function placeOf(
  { source, cause, about }: Problem,
  { sources, measureFunction, functionLogGroup, prunings = [] }: AlarmSettings,
): { readonly functionName?: string; readonly logGroup?: number } {
  // AWS Backup writes no log.
  if (source !== undefined) return sources[source]?.managed ? {} : { logGroup: sources[source]?.logGroup };
  if (cause === 'measure') return { functionName: measureFunction, logGroup: functionLogGroup };
  if (cause === 'prune') return prunings.find(({ tag }) => tag === undefined) ?? {};
  if (cause === 'prune-snapshots') {
    return prunings.find(({ tag }) => tag !== undefined && pruningOfSnapshots(tag).about === about) ?? {};
  }
  return {};
}
