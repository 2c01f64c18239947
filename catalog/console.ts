/** Links to pages of the AWS console. Free of dependencies. */

/** Partition and Region of a resource. */
export interface ConsolePlace {
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly region: string;
}

const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

const consoleOf = ({ partition, region }: ConsolePlace): string =>
  `https://${region}.${CONSOLES[partition] ?? CONSOLES.aws}`;

/** Names in the fragment are encoded twice, the second time with `$` for `%`: `/` is `$252F`. */
const twice = (name: string): string =>
  encodeURIComponent(encodeURIComponent(name)).replaceAll('%', '$').replace(/['()]/g, escaped);
const escaped = (character: string): string => `$25${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** The page of a log group, or of one of its streams. */
export function logPage(place: ConsolePlace, group: string, stream: string | undefined): string {
  const events = stream === undefined ? '' : `/log-events/${twice(stream)}`;
  const { region } = place;
  return `${consoleOf(place)}/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${twice(group)}${events}`;
}

/** The page of a task of ECS. */
export function taskPage(place: ConsolePlace, cluster: string, id: string): string {
  const path = `v2/clusters/${encodeURIComponent(cluster)}/tasks/${encodeURIComponent(id)}/configuration`;
  return `${consoleOf(place)}/ecs/${path}?region=${place.region}`;
}
