import { wordsOf } from '../../../engines/facts';
import { oneLine } from '../compose/text';
import type { AdviceTable, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg, engineOf } from './context';
import { page } from './links';
import { managedGoneAdvice, managedSilentAdvice } from './managed';
import { list, logOf, restoreBeside, runNow, schedules, undelete } from './steps';

const findRuns = (context: AdviceContext): Step[] => [
  logOf(context, 'See whether there were runs in the last three days, and why they made no backup:'),
  schedules(
    context,
    'No runs? See whether the schedule exists and is ENABLED. If it is DISABLED, enable it in your code, and deploy:',
  ),
  list(context),
  runNow(context),
];

/** Brings the newest backup that is not strange beside the database. */
const compare = (context: AdviceContext): Step => {
  // Of several sources each has other ids and tables.
  const { lastUsual, tables } = context.alike.length === 1 ? context.problem : {};
  const words = lastUsual ? `backup ${oneLine(lastUsual.id)}, which has a usual size` : 'an older backup ($ID: its id)';
  return restoreBeside(
    context,
    (what) =>
      `If it is not, the data may be lost in the ${wordsFor(context).whole} itself. Restore ${what}, beside the original, and compare:`,
    { words, id: lastUsual?.id },
    { ...(tables && { tables }) },
  );
};

/** What people call what the source's engine has. */
const wordsFor = ({ problem }: AdviceContext) => wordsOf(engineOf(problem));
const tableOf = (context: AdviceContext): string => wordsFor(context).table;
const compareNow = (context: AdviceContext, what: string): string =>
  `Compare with the ${wordsFor(context).whole} now: ${what} may be lost.`;

const COMPARE = 'Compare the newest backup with the ones before it:';

const keepGoodOnes = (context: AdviceContext): Step[] => [
  list(context, COMPARE, 'size'),
  {
    say: `Is the change intended: a ${tableOf(context)} that was emptied, a ${wordsFor(context).whole} that moved? Then there is nothing to do; the new size becomes the usual one.`,
  },
  compare(context),
  {
    say: 'See how long the older backups are kept:',
    run: `npx proven-backups prune ${context.backups} --dry-run --all`,
  },
  {
    say: 'If they would be deleted too soon, lengthen keepFor or keepLast, and deploy before the next pruning:',
    run: page('retention.md'),
  },
  undelete(context, 'List recently deleted backups, which can be brought back:'),
];

const bounds = (context: AdviceContext): Step => ({
  say: `If such changes are usual for this source, widen its sizeBounds or name the ${tableOf(context)} in ignoreTables:`,
  run: page('alarms.md#strange-size'),
});

/** Problems that the measuring finds in the catalog. */
export const MEASURED_ADVICE: {
  readonly silent: AdviceTable<'silent'>;
  readonly 'strange-size': AdviceTable<'strange-size'>;
} = {
  silent: {
    'too-old': (context) =>
      managedSilentAdvice(context) ?? {
        title: 'there is no new backup',
        likelyCause:
          'The schedule is disabled or gone, ECS had no capacity, the instance was stopped, or a run hangs. Or the runs made backups that are damaged; the first line says so then.',
        action: 'Find out why no run made a backup, and make one now.',
        steps: findRuns(context),
      },
    'no-backup-yet': (context) =>
      managedSilentAdvice(context) ?? {
        title: 'there is no backup yet',
        likelyCause: 'The schedule is disabled, no run has taken place yet, or every run failed.',
        action: 'Make the first backup now.',
        steps: findRuns(context),
      },
    gone: (context) =>
      managedGoneAdvice(context) ?? {
        title: 'all backups are gone or damaged',
        likelyCause:
          'They were deleted: by hand, by a lifecycle rule, or with the bucket. Or they cannot be read, because their key is gone.',
        action: 'Make a backup now, while the database is there. Then bring the deleted ones back.',
        steps: [
          runNow(context, 'Make a backup first, while the database is there:'),
          undelete(context, 'List deleted backups. They can be brought back for 14 days unless set otherwise:'),
          {
            say: 'Bring back the newest of them ($ID: its id):',
            run: `npx proven-backups undelete ${context.backups} "$ID"`,
          },
          list(context),
          {
            say: 'See who changed the bucket. CloudTrail knows of single objects only with data events:',
            run: context.aws(
              'cloudtrail lookup-events',
              `--lookup-attributes AttributeKey=ResourceName,AttributeValue=${arg(context.place.bucket)}`,
            ),
          },
          {
            say: 'See whether a lifecycle rule deletes them:',
            run: context.aws('s3api get-bucket-lifecycle-configuration', `--bucket ${arg(context.place.bucket)}`),
          },
          {
            say: 'See with which key the bucket encrypts ($KEY), and whether that key is Enabled:',
            run: [
              context.aws('s3api get-bucket-encryption', `--bucket ${arg(context.place.bucket)}`),
              context.aws('kms describe-key', '--key-id "$KEY"', '--query KeyMetadata.KeyState'),
            ].join('\n'),
          },
          {
            say: 'PendingDeletion: cancel the deletion while you can. The key is Disabled then: enable it:',
            run: [
              context.aws('kms cancel-key-deletion', '--key-id "$KEY"'),
              context.aws('kms enable-key', '--key-id "$KEY"'),
            ].join('\n'),
          },
          { say: 'What remains if the key or the bucket is gone for good:', run: page('disaster.md') },
        ],
      },
    'recovery-point': (context) => ({
      title: 'the newest backup is older than its objective',
      likelyCause:
        'The schedule makes backups less often than the recovery point objective asks for, or a run is late.',
      action: 'Make a backup now, and make them more often.',
      steps: [
        runNow(context),
        { say: 'Make backups more often, or change recoveryPointObjective, and deploy:', run: page('schedules.md') },
        list(context),
      ],
    }),
    'not-measured': (context) => ({
      title: 'the age of the backups is no longer measured',
      likelyCause:
        'The function that measures fails, or is not started. There may well be new backups, but until it works again nobody is told if they stop.',
      action: 'Look at the backups yourself, and deploy the stack again.',
      steps: [
        list(context, 'See which backups there are:'),
        schedules(context, 'See whether the schedule of the measuring exists and is ENABLED:'),
        {
          say: 'Find the function, and read its log:',
          run: context.aws(
            'lambda list-functions',
            `--query "Functions[?contains(FunctionName,'Measure')].[FunctionName,LoggingConfig.LogGroup]"`,
            '--output text',
          ),
        },
        { say: 'Deploy the stack again, which restores what was changed.' },
      ],
    }),
  },
  'strange-size': {
    empty: (context) => ({
      title: 'the newest backup is empty',
      likelyCause: `The run looked at an empty or wrong ${wordsFor(context).whole}, or the data is gone.`,
      action: compareNow(context, 'the data'),
      steps: keepGoodOnes(context),
    }),
    'table-lost': (context) => ({
      title: `a ${tableOf(context)} is gone or empty`,
      likelyCause: `The ${tableOf(context)} was dropped, emptied or renamed, or the backup's user may no longer read it.`,
      action: compareNow(context, 'the data'),
      steps: [...keepGoodOnes(context), bounds(context)],
    }),
    shrunk: (context) => ({
      title: 'the newest backup is much smaller than usual',
      likelyCause: `Data was deleted, or a ${wordsFor(context).whole} or ${tableOf(context)}s of it are missing from the backup.`,
      action: compareNow(context, 'data'),
      steps: [...keepGoodOnes(context), bounds(context)],
    }),
    grown: (context) => ({
      title: 'the newest backup is much larger than usual',
      likelyCause: 'An import, a table that logs without end, or another database on the same server.',
      action: 'Look at what has grown, and see that timeout and memory still suffice.',
      steps: [
        list(context, COMPARE, 'size'),
        { say: 'See that timeout and memoryLimitMiB still suffice: a run that takes longer and longer fails one day.' },
        bounds(context),
      ],
    }),
  },
};
