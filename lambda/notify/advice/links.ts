/** Where to look further. */
import { logPage, taskPage } from '../../../catalog/console';
import type { Links, Problem } from '../../../catalog/contract/notification';
import type { Signal } from '../../../catalog/contract/alarms';
import type { Place } from '../compose/place';
import { oneLine } from '../compose/text';

const REPOSITORY = 'https://github.com/cdk-proven-backups/cdk-proven-backups';

/** A page of the documentation: `alarms.md#failed`. */
export const page = (name: string): string => `${REPOSITORY}/blob/main/docs/${name}`;

/** A heading of the page that one comes to first. */
export const home = (heading: string): string => `${REPOSITORY}#${heading}`;

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
