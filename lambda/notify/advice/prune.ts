import { oneLine } from '../compose/text';
import type { Advice, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { page } from './links';
import { logOf } from './steps';

/** Lines of a function's log that say what went wrong. */
const LOG_ERRORS = '{ $.level = "error" }';

/** The function that a problem is about, by its name or ARN, as a word of a shell. */
const functionOf = ({ problem: { resource } }: AdviceContext): string | undefined => {
  if (resource === undefined) return undefined;
  const parts = resource.split(':');
  if (parts.length === 1) return arg(resource);
  return parts[2] === 'lambda' && parts[6] !== undefined ? arg(parts[6]) : undefined;
};

/** Reads the errors in the log of a function; finds the log first where it is not known. */
export const functionLog = (
  context: AdviceContext,
  part: string,
  say = 'Read the log of the function, which names each problem:',
): Step => {
  if (context.problem.logGroup !== undefined) return logOf(context, say, LOG_ERRORS);
  const name = functionOf(context);
  if (name !== undefined) {
    return {
      say: 'Find the log group of the function, and read it:',
      run: context.aws(
        'lambda get-function-configuration',
        `--function-name ${name}`,
        '--query LoggingConfig.LogGroup',
        '--output text',
      ),
    };
  }
  return {
    say: 'Find the function and its log group, and read its log:',
    run: context.aws(
      'lambda list-functions',
      `--query "Functions[?contains(FunctionName,'${part}')].[FunctionName,LoggingConfig.LogGroup]"`,
      '--output text',
    ),
  };
};

/** The kinds of problems in a report. */
interface PruneProblems {
  readonly tooMany: boolean;
  readonly noBackup: boolean;
  readonly damaged: readonly { readonly source: string; readonly id: string }[];
  readonly failed: boolean;
}

/** Without a report the function itself failed. */
function problemsOf({ problem: { pruned } }: AdviceContext): PruneProblems {
  const sources = pruned?.sources ?? [];
  return {
    tooMany: sources.some(({ refusal }) => refusal?.why === 'too-many'),
    noBackup: sources.some(({ refusal }) => refusal?.why === 'no-recent-backup'),
    damaged: sources.flatMap(({ source, damaged }) =>
      damaged ? [{ source: oneLine(source), id: oneLine(damaged.id) }] : [],
    ),
    failed: !pruned || sources.some(({ errorCount }) => errorCount > 0),
  };
}

/** Explains each kind of problem. */
function causes({ tooMany, noBackup, damaged, failed }: PruneProblems, what: 'backup' | 'snapshot'): string {
  return [
    tooMany &&
      `The pruning refuses to delete so many ${what}s at once. This protects them, but storage grows until somebody has looked. A shorter retention is the usual cause, or a mistake in it.`,
    noBackup &&
      `The pruning deletes nothing while no new ${what} comes, because the old ones may be all there is. Look for the missing ${what}s first.`,
    damaged.length > 0 &&
      (what === 'backup'
        ? 'A damaged backup cannot be restored as it is: objects of it were deleted or changed.'
        : 'A damaged snapshot holds nothing: EC2 could not make it.'),
    failed &&
      'The pruning failed, at least in part: a role, a policy, or a service of AWS. Storage grows until it works again.',
  ]
    .filter((sentence) => sentence !== false)
    .join(' ');
}

function action({ tooMany, noBackup, damaged, failed }: PruneProblems, what: 'backup' | 'snapshot'): string {
  if (damaged.length > 0) {
    return what === 'backup'
      ? 'Bring back what the damaged backups lack, while that is possible.'
      : 'Look at the damaged snapshots, and delete them.';
  }
  if (noBackup) return `Find out why no new ${what} comes.`;
  if (tooMany) return 'See what would be deleted, and either delete it yourself or lengthen the retention.';
  return failed
    ? 'Read the log of the function; if access was denied, deploy the stack again.'
    : 'See what the pruning says.';
}

const dryRun = (context: AdviceContext, target: string): Step => ({
  say: 'See what would be deleted, and each problem:',
  run: `npx proven-backups prune ${target} --region ${arg(context.place.region)} --dry-run`,
});

const confirmDeletion = (context: AdviceContext, target: string): Step => ({
  say: 'If so many should go, delete them yourself (the command asks first). If not, lengthen the retention, and deploy:',
  run: `npx proven-backups prune ${target} --region ${arg(context.place.region)}`,
});

/** The pruning of backups refused, failed, or found damaged ones. */
export function pruneAdvice(context: AdviceContext): Advice {
  const { place } = context;
  const problems = problemsOf(context);
  const target = `--bucket ${arg(place.bucket)}`;
  return {
    title: 'old backups could not be deleted',
    likelyCause: causes(problems, 'backup'),
    action: action(problems, 'backup'),
    steps: [
      ...problems.damaged.flatMap(({ source, id }): Step[] => [
        {
          say: `Bring back what ${id} of ${source} lacks, if it was deleted recently:`,
          run: `npx proven-backups undelete ${target} --source ${arg(source)} --region ${arg(place.region)} ${arg(id)}`,
        },
        {
          say: 'See what is left of it. If nothing can be brought back, delete its folder as the page below describes:',
          run: context.aws(`s3 ls ${arg(`s3://${place.bucket}/${source}/${id}/`)}`),
        },
      ]),
      dryRun(context, target),
      ...(problems.tooMany ? [confirmDeletion(context, target)] : []),
      ...(problems.noBackup
        ? [
            {
              say: 'See which sources have no new backup:',
              run: `npx proven-backups list ${target} --region ${arg(place.region)} --no-snapshots`,
            },
          ]
        : []),
      ...(problems.failed
        ? [
            functionLog(context, 'Prune'),
            { say: 'If access was denied, deploy the stack again, which restores roles and policies.' },
          ]
        : []),
      { say: 'More about each problem:', run: page('pruning.md#problems') },
    ],
  };
}

/** The same for snapshots. Only a rule of the Recycle Bin can bring those back. */
export function pruneSnapshotsAdvice(context: AdviceContext): Advice {
  const problems = problemsOf(context);
  const name = functionOf(context);
  const target = `--function ${name ?? '"$FUNCTION"'}`;
  return {
    title: 'old snapshots could not be deleted',
    likelyCause: causes(problems, 'snapshot'),
    action: action(problems, 'snapshot'),
    steps: [
      ...(name === undefined || problems.failed ? [functionLog(context, 'Prune')] : []),
      dryRun(context, target),
      ...(problems.tooMany ? [confirmDeletion(context, target)] : []),
      ...problems.damaged.map(({ id }): Step => ({
        say: 'A snapshot in state error holds nothing: delete it. One in state recovering comes back by itself. See its state:',
        run: context.aws(
          'ec2 describe-snapshots',
          `--snapshot-ids ${arg(id)}`,
          '--query "Snapshots[].[SnapshotId,State,StateMessage]"',
        ),
      })),
      ...(problems.noBackup
        ? [
            {
              say: 'See which snapshots there are:',
              run: `npx proven-backups list --only-snapshots --region ${arg(context.place.region)}`,
            },
          ]
        : []),
      { say: 'How snapshots are pruned:', run: page('snapshot-pruning.md') },
    ],
  };
}
