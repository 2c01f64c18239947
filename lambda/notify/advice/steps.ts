import type { CommandFacts, Problem, RestoreFacts } from '../../../catalog/contract/notification';
import type { LostData } from '../../../engines/engine-advice';
import { findEngine, wordsOf } from '../../../engines/facts';
import { oneLine } from '../compose/text';
import type { Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg, engineOf } from './context';

/** The bare name or id at the end of an ARN, or of a path. */
export const idOf = (resource: string): string => oneLine(resource).split('/').at(-1)!;

/** The resource of the problem if it belongs to that service: a problem that an alarm reports names the alarm. */
export const resource = ({ problem }: AdviceContext, service: string, placeholder: string): string =>
  problem.resource?.split(':')[2] === service ? arg(problem.resource) : placeholder;

/**
 * Lists the backups.
 *
 * @param about what the reader wants to know: S3 by itself does not show whether a backup is proven
 */
export const list = (
  context: AdviceContext,
  say = 'List the backups that you can restore:',
  about: 'existence' | 'size' | 'proof' = 'existence',
): Step => {
  const { problem, place, backups } = context;
  const { source } = problem;
  const run = `npx proven-backups list ${backups} --no-snapshots`;
  if (about === 'proof') return { say, run };
  const folder = arg(`s3://${place.bucket}/${source === undefined ? '' : `${source}/`}`);
  const folders = source === undefined ? "each source's folder" : 'one folder per backup, named by its time';
  const what = about === 'size' ? 'the size of each file' : folders;
  return {
    say,
    run,
    or: {
      say: `Or with the AWS CLI alone, which shows ${what}:`,
      run: context.aws(`s3 ls ${folder}${about === 'size' ? ' --recursive' : ''}`),
    },
  };
};

/** Lists deleted backups that can be brought back. */
export const undelete = (context: AdviceContext, say: string): Step => ({
  say,
  run: `npx proven-backups undelete ${context.backups}`,
});

/** Lists schedules with their state: a name contains the path of its construct. */
export const schedules = ({ aws }: AdviceContext, say: string): Step => ({
  say,
  run: aws('scheduler list-schedules', '--query "Schedules[].[Name,GroupName,State]"', '--output text'),
});

/** Makes a backup at once, as the schedule would. */
export const runNow = (context: AdviceContext, say = 'Make a backup now, without waiting for the schedule:'): Step => ({
  say,
  run: `npx proven-backups run ${context.backups}`,
});

/** A restore that an email advises: what is left out is the choice of the command. */
export type AdvisedRestore = Partial<
  Pick<RestoreFacts, 'backupId' | 'databases' | 'tables' | 'paths' | 'as' | 'overwrite' | 'dryRun'>
>;

/** Restores a backup. */
export const restore = ({ backups }: AdviceContext, say: string, request: AdvisedRestore): Step => {
  const { backupId, databases, tables, paths, as, overwrite, dryRun } = request;
  const option = (name: string, value: string | undefined) => (value === undefined ? [] : [name, arg(value)]);
  const options = [
    ...option('--backup', backupId),
    ...option('--databases', databases?.join(',')),
    ...option('--tables', tables?.join(',')),
    ...option('--paths', paths?.join(',')),
    ...option('--as', as),
    ...(overwrite ? ['--overwrite'] : []),
    ...(dryRun ? ['--dry-run'] : []),
  ];
  return { say, run: ['npx proven-backups restore', backups, ...options].join(' ') };
};

/** A backup in words, and its id: a placeholder in the words stands for one that is not known. */
interface NamedBackup {
  readonly words: string;
  readonly id?: string | undefined;
}

/**
 * Restores a part of a backup beside what is there. A restore is deployed for some sources only: for others, the backup is
 * fetched.
 *
 * @param say makes the instruction from what is restored
 */
export function restoreBeside(
  context: AdviceContext,
  say: (what: string) => string,
  { words, id }: NamedBackup,
  { tables = [], database }: LostData = {},
): Step {
  const facts = findEngine(engineOf(context.problem) ?? '');
  const { table } = wordsOf(engineOf(context.problem));
  const isWhole = facts !== undefined && !facts.server;
  const backup = id === undefined ? '"$ID"' : arg(id);
  // In a list, commas stand between names.
  const named = facts?.hasPaths ? [] : tables.filter((table) => !table.includes(',')).map(oneLine);
  const [what, options] =
    named.length > 0
      ? [`the ${table}${named.length === 1 ? '' : 's'} of ${words}`, [`--tables ${arg(named.join(','))}`]]
      : isWhole
        ? [words, []]
        : database !== undefined
          ? [`database ${oneLine(database)} of ${words}`, [`--databases ${arg(database)}`]]
          : [`a database ($DATABASE: its name) of ${words}`, ['--databases "$DATABASE"']];
  const as = isWhole && !facts.hasPaths ? 'restored.db' : 'restored';
  return {
    say: say(what),
    run: ['npx proven-backups restore', context.backups, `--backup ${backup}`, ...options, `--as ${as}`].join(' '),
    or: {
      say: 'Or fetch the backup; this prints the commands that restore it by hand:',
      run: `npx proven-backups fetch ${context.backups} --output restore ${backup}`,
    },
  };
}

/** Family of the task definition of the run, as a word of a shell. */
export const familyOf = ({ task }: Problem): string => (task ? arg(task.family) : '"$FAMILY"');

/** Shows a part of the task definition: the job with host and port, the image, the secrets; of an instance, the whole document. */
export const definition = ({ aws, problem }: AdviceContext, say: string, query: string): Step => ({
  say,
  run: problem.command
    ? aws('ssm get-document', `--name ${arg(problem.command.document)}`, '--query Content', '--output text')
    : aws(
        'ecs describe-task-definition',
        `--task-definition ${familyOf(problem)}`,
        `--query "taskDefinition.containerDefinitions[].${query}"`,
      ),
});

/** Opens a shell on the instance, where the next commands run. */
export const shell = ({ aws, problem: { command } }: AdviceContext): Step => ({
  say: 'Open a shell on the instance:',
  run: aws(
    'ssm start-session',
    `--target ${command?.instanceId === undefined ? '"$INSTANCE"' : arg(command.instanceId)}`,
  ),
});

/** Shows what Systems Manager knows of the command. */
const invocation = ({ aws }: AdviceContext, { id, instanceId }: CommandFacts): Step => ({
  say: 'See how the command ended, and what it said:',
  run: aws(
    'ssm get-command-invocation',
    `--command-id ${arg(id)}`,
    `--instance-id ${instanceId === undefined ? '"$INSTANCE"' : arg(instanceId)}`,
    '--query "[StatusDetails,ResponseCode,StandardErrorContent]"',
  ),
});

/** Shows the stopped task, which ECS forgets after an hour; on an instance, the command. */
export function stoppedTask(context: AdviceContext): Step {
  const { aws, problem } = context;
  const { task, command } = problem;
  if (command) return invocation(context, command);
  return {
    say: 'See why ECS stopped the task. ECS forgets stopped tasks after an hour:',
    run: aws(
      'ecs describe-tasks',
      `--cluster ${task ? arg(task.clusterArn) : '"$CLUSTER"'}`,
      `--tasks ${task ? arg(task.arn) : '"$TASK"'}`,
      '--query "tasks[].[stopCode,stoppedReason,containers[].[name,exitCode,reason]]"',
    ),
  };
}

/**
 * Shows the log of the runs of the last three days, or of the one run.
 *
 * @param streams what the names of their streams begin with, in place of the source's own
 */
export const logOf = ({ aws, problem, place }: AdviceContext, say: string, filter?: string, streams?: string): Step => {
  const { logGroup, logStream, source } = problem;
  const since = new Date(place.now.getTime() - 3 * 86_400_000);
  since.setUTCMinutes(0, 0, 0);
  return {
    say,
    run: aws(
      'logs filter-log-events',
      `--log-group-name ${logGroup === undefined ? '"$LOG_GROUP"' : arg(logGroup)}`,
      logStream !== undefined
        ? `--log-stream-names ${arg(logStream)}`
        : source !== undefined
          ? `--log-stream-name-prefix ${arg(streams ?? `${source}/`)} --start-time ${since.getTime()}`
          : `--start-time ${since.getTime()}`,
      ...(filter === undefined ? [] : [`--filter-pattern ${arg(filter)}`]),
      '--query "events[].message"',
      '--output text',
    ),
  };
};

/** Shows the log of a run if it could not be read: ECS only tells the exit code. */
export const unreadLog = (context: AdviceContext): Step[] => {
  const { logStream, logLines } = context.problem;
  return logStream !== undefined && logLines === undefined
    ? [logOf(context, 'Read why the run failed:', 'failed')]
    : [];
};

/** Looks for the endpoint of a service in the VPC. */
export const endpoints = ({ aws, place }: AdviceContext, service: string, say: string): Step => ({
  say,
  // In China, names of some services begin with `cn.com.amazonaws`, those of others with `com.amazonaws`.
  run: aws('ec2 describe-vpc-endpoints', `--filters ${arg(`Name=service-name,Values=*.${place.region}.${service}`)}`),
});
