import type { Problem } from '../../../catalog/contract/notification';
import type { Place } from '../compose/place';
import { oneLine } from '../compose/text';

/** A step: what to do, and, if there is one, the command or statement for it. */
export interface Step {
  readonly say: string;
  readonly run?: string;
  /** Another way, for whoever cannot go the first. */
  readonly or?: { readonly say: string; readonly run: string };
}

/** What commands are made of. */
export interface Facts {
  readonly problem: Problem;
  /** All that get the same advice, with this one. */
  readonly alike: readonly Problem[];
  readonly place: Place;
  /** The source's name, or what else the problem is about. */
  readonly about: string;
  /** `--bucket shop-backups --source shop --region eu-west-1`, as far as each is known. */
  readonly backups: string;
  /** An `aws` command in the Region. */
  readonly aws: (command: string, ...args: readonly string[]) => string;
}

/** What commands are made of. */
export function factsOf(problem: Problem, place: Place, alike: readonly Problem[] = [problem]): Facts {
  const { source, about } = problem;
  const of = source === undefined ? '' : ` --source ${arg(source)}`;
  return {
    problem,
    alike,
    place,
    about: oneLine(source ?? about),
    backups: `--bucket ${arg(place.bucket)}${of} --region ${arg(place.region)}`,
    aws: (command, ...args) => [`aws ${command} --region ${arg(place.region)}`, ...args].join(' '),
  };
}

/** A word of a shell. */
export const arg = (value: string | number): string => {
  const text = oneLine(value);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
};

/** The bare name or id at the end of an ARN, or of a path. */
export const idOf = (resource: string): string => oneLine(resource).split('/').at(-1)!;

/** What the problem is about, if it is of that service: where an alarm told of it, it is the alarm. */
export const resource = ({ problem }: Facts, service: string, placeholder: string): string =>
  problem.resource?.split(':')[2] === service ? arg(problem.resource) : placeholder;

/**
 * Shows the backups that exist.
 *
 * @param about what of them is asked for: what S3 does not tell, it is not asked
 */
export const list = (
  facts: Facts,
  say = 'See what there is to restore from:',
  about: 'existence' | 'size' | 'proof' = 'existence',
): Step => {
  const { problem, place, backups } = facts;
  const { source } = problem;
  const run = `npx proven-backups list ${backups} --no-snapshots`;
  if (about === 'proof') return { say, run };
  const folder = arg(`s3://${place.bucket}/${source === undefined ? '' : `${source}/`}`);
  const folders = source === undefined ? "each source's folder" : 'a folder for each, named by its time';
  const what = about === 'size' ? 'the size of each file' : folders;
  return {
    say,
    run,
    or: {
      say: `Or with the AWS CLI alone, which shows ${what}:`,
      run: facts.aws(`s3 ls ${folder}${about === 'size' ? ' --recursive' : ''}`),
    },
  };
};

/** Brings back what was deleted: without an id it lists that. */
export const undelete = (facts: Facts, say: string): Step => ({
  say,
  run: `npx proven-backups undelete ${facts.backups}`,
});

/** Shows which schedules are enabled: a name holds the path of its construct. */
export const schedules = ({ aws }: Facts, say: string): Step => ({
  say,
  run: aws('scheduler list-schedules', '--query "Schedules[].[Name,GroupName,State]"', '--output text'),
});

/** Makes a backup at once, as its schedule would. */
export const runNow = (facts: Facts, say = 'Make a backup now, without waiting for the schedule:'): Step => ({
  say,
  run: `npx proven-backups run ${facts.backups}`,
});

/** Shows the task definition: the job with host and port, the image, the secrets. */
export const definition = ({ aws, problem }: Facts, say: string, query: string): Step => ({
  say,
  run: aws(
    'ecs describe-task-definition',
    `--task-definition ${problem.task ? arg(problem.task.family) : '"$FAMILY"'}`,
    `--query "taskDefinition.containerDefinitions[].${query}"`,
  ),
});

/** Shows the stopped task; ECS forgets it after an hour. */
export const stoppedTask = ({ aws, problem: { task } }: Facts): Step => ({
  say: 'Read what ECS says of the task. It forgets a stopped task after an hour:',
  run: aws(
    'ecs describe-tasks',
    `--cluster ${task ? arg(task.clusterArn) : '"$CLUSTER"'}`,
    `--tasks ${task ? arg(task.arn) : '"$TASK"'}`,
    '--query "tasks[].[stopCode,stoppedReason,containers[].[name,exitCode,reason]]"',
  ),
});

/** Shows the log of the runs of the last three days, or of the one run. */
export const logOf = ({ aws, problem, place }: Facts, say: string, filter?: string): Step => {
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
          ? `--log-stream-name-prefix ${arg(`${source}/`)} --start-time ${since.getTime()}`
          : `--start-time ${since.getTime()}`,
      ...(filter === undefined ? [] : [`--filter-pattern ${arg(filter)}`]),
      '--query "events[].message"',
      '--output text',
    ),
  };
};

/** Shows the log of a run whose own words are not known: ECS tells the exit code only. */
export const unreadLog = (facts: Facts): Step[] => {
  const { logStream, logLines } = facts.problem;
  return logStream !== undefined && logLines === undefined ? [logOf(facts, 'Read what the run says:', 'failed')] : [];
};
