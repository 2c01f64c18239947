import type { Problem } from '../../../catalog/notification';
import type { Place } from './place';
import { oneLine } from './text';

/** A step: what to do, and, if there is one, the command or statement for it. */
export interface Step {
  readonly say: string;
  readonly run?: string;
}

/** What commands are made of. */
export interface Facts {
  readonly problem: Problem;
  readonly place: Place;
  /** The source's name, or what else the problem is about. */
  readonly about: string;
  /** `--bucket shop-backups --source shop --region eu-west-1`, as far as each is known. */
  readonly backups: string;
  /** An `aws` command in the Region. */
  readonly aws: (command: string, ...args: readonly string[]) => string;
}

/** What commands are made of. */
export function factsOf(problem: Problem, place: Place): Facts {
  const { source, about } = problem;
  const of = source === undefined ? '' : ` --source ${arg(source)}`;
  return {
    problem,
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

/** Shows the backups that exist. */
export const list = (facts: Facts, say = 'See what there is to restore from:'): Step => ({
  say,
  run: `npx proven-backups list ${facts.backups} --no-snapshots`,
});

/** Shows the schedules: a name holds the path of its construct. */
export const schedules = ({ aws }: Facts, say: string): Step => ({
  say,
  run: aws('scheduler list-schedules', '--query "Schedules[].[Name,GroupName,State]"', '--output text'),
});

const PLACEHOLDERS = { name: '"$NAME"', group: '"$SCHEDULE_GROUP"' };

/** Shows one schedule: that of the problem, where it is known. */
export const schedule = ({ aws, problem }: Facts, say: string): Step => {
  const [, group, name] = /:schedule\/([^/]+)\/([^/]+)$/.exec(problem.resource ?? '') ?? [];
  return {
    say,
    run: aws(
      'scheduler get-schedule',
      `--name ${name === undefined ? PLACEHOLDERS.name : arg(name)}`,
      `--group-name ${group === undefined ? PLACEHOLDERS.group : arg(group)}`,
    ),
  };
};

/** Starts a run by hand, as `docs/schedules.md` says, with what its schedule's target says. */
export const startRun = ({ aws, problem: { task } }: Facts, say: string): Step => ({
  say,
  run: aws(
    'ecs run-task',
    `--cluster ${task ? arg(task.clusterArn) : '"$CLUSTER"'}`,
    `--task-definition ${task ? arg(task.family) : '"$FAMILY"'}`,
    '--launch-type FARGATE',
    '--network-configuration "awsvpcConfiguration={subnets=[$SUBNET],securityGroups=[$GROUP]}"',
  ),
});

/** Finds the schedule, and what it starts where. */
export const findSchedule = (facts: Facts, say: string): Step[] => [
  schedules(facts, `${say} Find its schedule, for $NAME and $SCHEDULE_GROUP:`),
  schedule(facts, 'See its target, for the other words with a $:'),
];

/** All steps of a run by hand. */
export const runNow = (facts: Facts, say = 'Make a backup now, without waiting for the schedule.'): Step[] =>
  /:schedule\//.test(facts.problem.resource ?? '')
    ? [
        schedule(facts, `${say} See the target of its schedule, for the words with a $:`),
        startRun(facts, 'Start the run, with assignPublicIp=ENABLED too if its target has that:'),
      ]
    : [
        ...findSchedule(facts, say),
        startRun(facts, 'Start the run, with assignPublicIp=ENABLED too if its target has that:'),
      ];

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
