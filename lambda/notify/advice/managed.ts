import type { Advice, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { page } from './links';

const resourceOf = ({ problem: { managed, resource } }: AdviceContext): string => {
  const arn = managed?.resource ?? resource;
  return arn === undefined ? '"$RESOURCE"' : arg(arn);
};

const jobs = (context: AdviceContext): Step => ({
  say: 'See its last jobs, and what AWS Backup said of each:',
  run: context.aws(
    'backup list-backup-jobs',
    `--by-resource-arn ${resourceOf(context)}`,
    '--max-results 10',
    '--query "BackupJobs[].[CreationDate,State,StatusMessage]"',
  ),
});

const list = ({ backups }: AdviceContext): Step => ({
  say: 'List the recovery points that you can restore:',
  run: `npx proven-backups list ${backups} --no-snapshots`,
});

const doc = (anchor: string, say: string): Step => ({ say, run: page(`managed-backup.md#${anchor}`) });

/** No other job makes up for one of a longer rule. */
const byHand = doc(
  'by-hand',
  "Start a backup by hand. If it was the job of a weekly, monthly or yearly rule, with that rule's DeleteAfterDays: no other job makes up for it:",
);

/** A job failed, or was aborted. */
export const managedJobAdvice = (context: AdviceContext): Advice => ({
  title: 'the job of AWS Backup failed',
  likelyCause:
    'The vault, its key or the resource is gone or refuses the role, the bucket is not versioned, or the job ran longer than completionWindow.',
  action: 'Repair what AWS Backup names, and start a backup by hand or wait for the next one.',
  steps: [jobs(context), list(context), byHand],
});

/** A job ended, but not with all. */
export const managedIncompleteAdvice = (context: AdviceContext): Advice => ({
  title: 'AWS Backup left something out',
  likelyCause: 'Objects whose key refuses the role, or whose names or tags AWS Backup does not support.',
  action: 'See what AWS Backup could not read, and let its role read it.',
  steps: [jobs(context), doc('the-role', 'The permissions that the role needs:'), list(context)],
});

/** A job could not start. */
export const managedExpiredAdvice = (context: AdviceContext): Advice => ({
  title: 'the job could not start within its window',
  likelyCause: 'Another job of the same resource was running for longer than startWindow.',
  action: 'See which job ran at that time; if jobs take that long, lengthen startWindow and deploy.',
  steps: [jobs(context), list(context), byHand],
});

/** A copy failed. */
export const managedCopyAdvice = (context: AdviceContext): Advice => ({
  title: 'a backup was not copied to the other vault',
  likelyCause: 'The policy or the lock of the other vault refuses it, or its key refuses the role.',
  action: 'Let the other vault take it. The next backup is copied by itself, this one is not.',
  steps: [
    {
      say: 'See the last copy jobs, and what AWS Backup said of each:',
      run: context.aws(
        'backup list-copy-jobs',
        `--by-destination-vault-arn ${context.problem.resource === undefined ? '"$VAULT"' : arg(context.problem.resource)}`,
        '--max-results 10',
        '--query "CopyJobs[].[CreationDate,State,StatusMessage,SourceRecoveryPointArn]"',
      ),
    },
    doc('copies', 'What the other vault has to allow, and how to copy one by hand:'),
  ],
});

/** The last recovery point is gone; `undefined` if tasks make the backups. */
export function managedGoneAdvice(context: AdviceContext): Advice | undefined {
  const { managed } = context.problem;
  if (!managed) return undefined;
  return {
    title: 'all recovery points are gone',
    likelyCause:
      'No job made a new one, and AWS Backup deleted the last one when its retention was over. Or somebody deleted them, or the vault.',
    action: 'Make a backup now, while the data is there. Then find out why no job made one.',
    steps: [
      doc('by-hand', 'Start a backup by hand:'),
      jobs(context),
      {
        say: 'See who deleted recovery points:',
        run: context.aws(
          'cloudtrail lookup-events',
          '--lookup-attributes AttributeKey=EventName,AttributeValue=DeleteRecoveryPoint',
        ),
      },
      {
        say: 'See whether the vault is there:',
        run: context.aws('backup describe-backup-vault', `--backup-vault-name ${arg(managed.vault)}`),
      },
      list(context),
    ],
  };
}

/** No job has made a recovery point for too long; `undefined` if tasks make the backups. */
export function managedSilentAdvice(context: AdviceContext): Advice | undefined {
  if (!context.problem.managed) return undefined;
  return {
    title: 'there is no new recovery point',
    likelyCause:
      'The plan or its selection was changed by hand, AWS Backup is turned off for this kind of resource in the Region, or a job takes long.',
    action: 'See which jobs there were, turn AWS Backup on for the kind of resource, and deploy.',
    steps: [
      jobs(context),
      {
        say: 'See whether AWS Backup is on for EFS and S3 in this Region:',
        run: context.aws('backup describe-region-settings', '--query ResourceTypeOptInPreference'),
      },
      list(context),
      doc('by-hand', 'Start a backup by hand:'),
    ],
  };
}
