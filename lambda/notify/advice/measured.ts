import type { AdviceTable } from './advice-table';
import type { Facts, Step } from './steps';
import { arg, list, logOf, runNow, schedules, undelete } from './steps';
import { home, page } from './links';
import { oneLine } from '../compose/text';

const RESTORE = home('how-do-i-restore');

const lookForRuns = (facts: Facts) => [
  list(facts),
  logOf(facts, 'See whether there were runs in the last three days, and what they say:'),
  schedules(
    facts,
    'No runs? See whether its schedule is there, and ENABLED (DISABLED: enable it in your code, and deploy):',
  ),
  runNow(facts),
];

/** The backup to go back to: the newest that is not strange. */
const restore = ({ problem: { source = '', lastUsual }, place, aws }: Facts): Step[] => {
  if (!lastUsual)
    return [
      {
        say: 'If not: the data may be lost in the database itself. Restore an older backup beside it and compare:',
        run: RESTORE,
      },
    ];
  const from = `s3://${place.bucket}/${source}/${lastUsual.id}/`;
  return [
    {
      say: `If not: the data may be lost in the database itself. Fetch backup ${oneLine(lastUsual.id)}, which is of a usual size:`,
      run: aws(`s3 cp ${arg(from)} ${arg(`${source}-${lastUsual.id}`)} --recursive`),
    },
    { say: 'Restore it beside the database, and compare:', run: RESTORE },
  ];
};

const keepGoodOnes = (facts: Facts): Step[] => [
  list(facts, 'Compare the newest backup with those before it, by size and rows:', 'size'),
  {
    say: 'Is it meant? A table that was emptied, a database that moved, an import. Then nothing is to be done: from now on it counts as history.',
  },
  ...restore(facts),
  {
    say: 'See until when the older backups are kept:',
    run: `npx proven-backups prune ${facts.backups} --dry-run --all`,
  },
  {
    say: 'If they would go too soon, lengthen keepFor or keepLast of the retention and deploy, before the next pruning:',
    run: page('retention.md'),
  },
  undelete(facts, 'What the pruning deleted lately can be brought back:'),
];

const bounds = {
  say: 'If such changes are usual for this source, widen its bounds or name the table in ignoreTables:',
  run: page('alarms.md#strange-size'),
};

/** What the measuring finds in the catalog. */
export const CATALOG_ADVICE: {
  readonly silent: AdviceTable<'silent'>;
  readonly 'strange-size': AdviceTable<'strange-size'>;
  readonly 'not-proven': AdviceTable<'not-proven'>;
} = {
  silent: {
    'too-old': (facts) => ({
      title: 'no new backup within the allowed age',
      likelyCause:
        'No run has made a backup: the schedule is disabled or was deleted, ECS had no capacity, or a run hangs. Or what the runs made is damaged: then the sentence above says so.',
      steps: [...lookForRuns(facts)],
    }),
    'no-backup-yet': (facts) => ({
      title: 'no backup at all yet',
      likelyCause:
        'The source was set up, and has never had a whole backup: its schedule is disabled, it has not been run, or every run failed.',
      steps: [...lookForRuns(facts)],
    }),
    gone: (facts) => ({
      title: 'all backups are gone or damaged',
      likelyCause:
        'There were backups, and none is whole any more: they were deleted, by hand, by a lifecycle rule or with the bucket, or they cannot be read, because their key is gone. The sentence above says if what is left is damaged.',
      steps: [
        runNow(facts, 'Make a backup first, while the database is there:'),
        list(facts),
        undelete(facts, 'See what can be brought back. What was deleted is kept for 14 days unless set otherwise:'),
        {
          say: 'Then bring back the newest of them ($ID: its id):',
          run: `npx proven-backups undelete ${facts.backups} "$ID"`,
        },
        {
          say: 'See who changed the bucket. Of single objects CloudTrail knows only with data events:',
          run: facts.aws(
            'cloudtrail lookup-events',
            `--lookup-attributes AttributeKey=ResourceName,AttributeValue=${arg(facts.place.bucket)}`,
          ),
        },
        {
          say: 'See whether a lifecycle rule deletes them:',
          run: facts.aws('s3api get-bucket-lifecycle-configuration', `--bucket ${arg(facts.place.bucket)}`),
        },
        {
          say: 'See with which key the bucket encrypts ($KEY), and whether that key is there and Enabled:',
          run: [
            facts.aws('s3api get-bucket-encryption', `--bucket ${arg(facts.place.bucket)}`),
            facts.aws('kms describe-key', '--key-id "$KEY"', '--query KeyMetadata.KeyState'),
          ].join('\n'),
        },
        {
          say: 'PendingDeletion can be undone, as long as it lasts:',
          run: facts.aws('kms cancel-key-deletion', '--key-id "$KEY"'),
        },
      ],
    }),
    'not-measured': (facts) => ({
      title: 'the age of backups is not measured any more',
      likelyCause:
        'Whether there are new backups is not known: the function that measures does not run, or fails. There may well be new backups. Until it works again, silence of other sources may go unnoticed, too.',
      steps: [
        list(facts, 'See with your own eyes what there is:'),
        schedules(facts, 'See whether the schedule of the measuring exists, and is ENABLED:'),
        {
          say: 'Find the function, and read its log:',
          run: facts.aws(
            'lambda list-functions',
            `--query "Functions[?contains(FunctionName,'Measure')].[FunctionName,LoggingConfig.LogGroup]"`,
            '--output text',
          ),
        },
        { say: 'Deploy the stack again, which puts back what was changed.' },
      ],
    }),
  },
  'strange-size': {
    empty: (facts) => ({
      title: 'the backup is empty',
      likelyCause:
        'The newest backup holds no tables or no rows: the run looked at an empty or wrong database, or the data is gone.',
      steps: [...keepGoodOnes(facts)],
    }),
    'table-lost': (facts) => ({
      title: 'a table is gone or empty',
      likelyCause:
        'A table that had rows in most of the earlier backups is gone or has none: it was dropped, emptied, renamed, or is not read any more.',
      steps: [...keepGoodOnes(facts), bounds],
    }),
    shrunk: (facts) => ({
      title: 'the backup is much smaller than usual',
      likelyCause: 'Data was deleted, a database or a schema is missing in the dump, or somebody cleaned up.',
      steps: [...keepGoodOnes(facts), bounds],
    }),
    grown: (facts) => ({
      title: 'the backup is much larger than usual',
      likelyCause:
        'An import, a table that logs without end, or another database on the same server that is dumped as well.',
      steps: [
        list(facts, 'Compare the newest backup with those before it, by size and rows:', 'size'),
        { say: 'See that timeout and memoryLimitMiB still suffice: a run that takes longer and longer fails one day.' },
        bounds,
      ],
    }),
  },
  'not-proven': {
    'proof-too-old': (facts) => ({
      title: 'no backup was proven for too long',
      likelyCause:
        'The backups are there, but no restore test passed within the allowed time: none ran, or those that ran failed.',
      steps: [
        list(facts, 'See which backups are proven:', 'proof'),
        logOf(facts, 'Look for restore tests in the log:'),
      ],
    }),
    'restore-test-failed': (facts) => ({
      title: 'a restore test failed',
      likelyCause: 'A backup could not be restored, or what was restored differs from its manifest. Do not rely on it.',
      steps: [
        list(facts, 'See which backups are proven, and are safe to restore:', 'proof'),
        logOf(facts, 'Read what the test says:'),
        runNow(facts, 'Make a new backup, to be tested:'),
      ],
    }),
  },
};
