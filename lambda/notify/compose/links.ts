/** Where to look further. */
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
    ...(logGroup !== undefined && { log: logLink(place, logGroup, logStream) }),
    ...(id && cluster && { task: taskLink(place, cluster, id) }),
    runbook: runbook(signal),
  };
}

const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

const consoleOf = ({ partition, region }: Place): string => `https://${region}.${CONSOLES[partition] ?? CONSOLES.aws}`;

/** The console encodes names in its fragment twice, and writes `$` for `%` the second time: `/` is `$252F`. */
const twice = (name: string): string =>
  encodeURIComponent(encodeURIComponent(oneLine(name)))
    .replaceAll('%', '$')
    .replace(/['()]/g, escaped);
const escaped = (character: string): string => `$25${character.charCodeAt(0).toString(16).toUpperCase()}`;

function logLink(place: Place, group: string, stream: string | undefined): string {
  const events = stream === undefined ? '' : `/log-events/${twice(stream)}`;
  const { region } = place;
  return `${consoleOf(place)}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${twice(group)}${events}`;
}

function taskLink(place: Place, cluster: string, id: string): string {
  const path = `v2/clusters/${once(cluster)}/tasks/${once(id)}/configuration`;
  return `${consoleOf(place)}/ecs/${path}?region=${place.region}`;
}

const once = (name: string): string => encodeURIComponent(oneLine(name));
