/**
 * The contract of runs on EC2 instances between the constructs, which write the document of Systems Manager, the program in the
 * container, the notify function and the command line. Free of dependencies.
 */

/** Parameters of the document that backs up. */
export const COMMAND_PARAMETERS = {
  trigger: 'trigger',
  scheduledTime: 'scheduledTime',
  scheduleArn: 'scheduleArn',
} as const;

/** Parameters of the document that restores. All must be given. */
export const RESTORE_PARAMETERS = {
  /** Id of the run, a UUID: whoever starts it follows its log by that. */
  run: 'run',
  /** A `RestoreRequest` as JSON, in Base64. */
  request: 'request',
  /** Seconds since 1970: it does not begin later, so that no command of the past, sent once more, restores again. */
  notAfter: 'notAfter',
} as const;

/** A restore that was sent begins within this time, or never. Seconds. */
export const RESTORE_BEGINS_WITHIN = 3600;

/**
 * Name of the document that restores a source. No prefix of documents that back up begins it: what may start a backup may start no
 * restore.
 *
 * @param document name of the one that backs up
 */
export const restoreDocument = (document: string): string => `restore.${document}`;

/** Name of the container of a run. */
export const containerOf = (source: string, run: string): string => `proven-backups-${source}-${run}`;

/**
 * Exit codes of the document's script when the program did not start, or did not end by itself. All others are those of the
 * program.
 */
export const HOST_EXITS = {
  /** Docker is missing, or does not answer. */
  docker: 101,
  /** The AWS CLI is missing. */
  awsCli: 102,
  /** The role of the instance may not take on the roles of the run, or the instance has no role. */
  role: 103,
  /** The image could not be pulled. */
  image: 104,
  /** The secret could not be read. */
  secret: 105,
  /** Docker did not start the container. */
  container: 106,
  /** The container is gone: somebody removed it, or Docker lost it. Or Docker does not answer any more, and it may go on. */
  lost: 107,
  /** The container ran out of memory. */
  outOfMemory: 108,
  /** The container was killed: 137, with which the SSM Agent ends a script, says that it was the script. */
  killed: 109,
  /** The path, or the volume of Docker, that is backed up is not on the instance. */
  data: 110,
  /** The same restore was started already, or was sent long ago: it may have begun then. */
  repeated: 111,
} as const;

/** Exits with which the program never started, whatever was sent before. */
const NEVER_STARTED: readonly number[] = (
  ['docker', 'awsCli', 'role', 'image', 'secret', 'container', 'data'] as const
).map((name) => HOST_EXITS[name]);

/**
 * Detailed statuses of what never reached the instance. Of those without an exit code, Failed says that the script was killed, and
 * ExecutionTimedOut and Cancelled that the service gave it up.
 *
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
 */
const UNDELIVERED = /^(DeliveryTimedOut|Undeliverable|Terminated|InvalidPlatform|AccessDenied)$/;

/** Whether the program of a command never started; otherwise it did, or nobody knows. */
export const neverStarted = (exitCode: number | undefined, statusDetails = ''): boolean =>
  exitCode === undefined || exitCode < 0
    ? UNDELIVERED.test(statusDetails.replaceAll(' ', ''))
    : NEVER_STARTED.includes(exitCode);

/** Exit code of a script that the SSM Agent ended, because it took too long or was cancelled. */
export const ENDED_BY_AGENT = 137;

/** Whether the container of a command that has ended may still run: nobody saw its end. */
export const mayRun = (exitCode: number | undefined, statusDetails?: string): boolean =>
  !neverStarted(exitCode, statusDetails) &&
  (exitCode === undefined ||
    exitCode < 0 ||
    [ENDED_BY_AGENT, HOST_EXITS.lost, HOST_EXITS.repeated].some((one) => one === exitCode));

/**
 * What a script said to its standard error, on one line: its own sentence, which is the last, before the words of Docker and the AWS
 * CLI. The SSM Agent adds a line of its own.
 */
export function saidByScript(text = ''): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('failed to run commands:'));
  const own = lines.pop() ?? '';
  return lines.length === 0 ? own : `${own}: ${lines.join(' ')}`;
}

/** Whether a schedule's target, by its ARN, sends a command. */
export const sendsCommand = (targetArn = ''): boolean => targetArn.endsWith(':aws-sdk:ssm:sendCommand');

/** The document that a schedule's target runs on an instance; `undefined` if it runs none. */
export function documentOf({ Arn, Input = '' }: { readonly Arn?: string; readonly Input?: string } = {}):
  string | undefined {
  if (!sendsCommand(Arn)) return undefined;
  try {
    const name = (JSON.parse(Input) as { readonly DocumentName?: unknown } | null)?.DocumentName;
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Name of an exit code of the script. */
export type HostExit = keyof typeof HOST_EXITS;

/** The name of an exit code; `undefined` if it is the program's. */
export const hostExitOf = (exitCode: number | undefined): HostExit | undefined =>
  (Object.keys(HOST_EXITS) as HostExit[]).find((name) => HOST_EXITS[name] === exitCode);

/** Where the host gives the program what no command line shows: the secret, and credentials that it renews. */
export const HANDED_DIRECTORY = '/run/proven-backups';

/** The line of the script's standard output that says where the run logs. */
export const runLine = (run: string): string => `{"run":"${run}"}`;

/** The id of the run, of its {@link runLine}; `undefined` if the program did not start. */
export const runIn = (output: string | undefined): string | undefined =>
  /^\{"run":"([0-9a-f-]{36})"\}$/m.exec(output ?? '')?.[1];

/** Status of an invocation that has not ended. */
export const UNFINISHED = ['Pending', 'InProgress', 'Delayed', 'Cancelling'] as const;

/** The instance of a source: one by its id, or the one that has these tags. */
export interface InstanceTarget {
  readonly instanceId?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** How a run on an instance is started, and where it logs. */
export interface InstanceCommand extends InstanceTarget {
  /** Name of the document. */
  readonly document: string;
  /** Name of the document that restores; left out if there is none. */
  readonly restore?: string;
  readonly logGroup: string;
}
