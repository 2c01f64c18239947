/** Links to the documentation and to the console of AWS. */
import { logPage, taskPage } from '../../../catalog/console';
import type { Links, Problem } from '../../../catalog/contract/notification';
import type { Signal } from '../../../catalog/contract/alarms';
import type { Place } from '../compose/place';
import { oneLine } from '../compose/text';
import { version } from '../../../package.json';

const REPOSITORY = 'https://github.com/cdk-proven-backups/cdk-proven-backups';
/** The documentation of this version: later versions may differ. */
const TREE = `${REPOSITORY}/blob/v${version}`;

/** The issue tracker. */
export const ISSUES = `${REPOSITORY}/issues`;

/** A page of the documentation: `alarms.md#failed`. */
export const page = (name: string): string => `${TREE}/docs/${name}`;

/** The page about a signal. */
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
