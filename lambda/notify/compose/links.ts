/** Where to look further. */
import { logPage, taskPage } from '../../../catalog/console';
import type { Links, Problem } from '../../../catalog/notification';
import type { Signal } from '../../../catalog/alarms';
import type { Place } from './place';
import { oneLine } from './text';

const DOCS = 'https://github.com/cdk-proven-backups/cdk-proven-backups/blob/main/docs';

/** A page of the documentation: `alarms.md#failed`. */
export const page = (name: string): string => `${DOCS}/${name}`;

/** What to do about a signal. */
export const runbook = (signal: Signal): string => page(`alarms.md#${signal}`);

/** Links about a problem. */
export function linksOf({ signal, logGroup, logStream, task }: Problem, place: Place): Links {
  const id = task?.arn.split('/').at(-1);
  const cluster = task?.clusterArn.split('/').at(-1);
  return {
    ...(logGroup !== undefined && { log: logPage(place, oneLine(logGroup), logStream && oneLine(logStream)) }),
    ...(id && cluster && { task: taskPage(place, oneLine(cluster), oneLine(id)) }),
    runbook: runbook(signal),
  };
}
