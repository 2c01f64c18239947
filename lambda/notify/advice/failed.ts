import type { AdviceTable } from './advice-table';
import { moreMemory } from './fargate-memory';
import { ISSUES, page } from './links';
import { managedIncompleteAdvice, managedJobAdvice } from './managed';
import { definition, list, logOf, runNow, stoppedTask, unreadLog } from './steps';

/**
 * A run ended with another exit code than 0, was killed, or timed out. This is all that is known where the log could not be
 * read, or gives no reason.
 */
export const FAILED_ADVICE: AdviceTable<'failed'> = {
  configuration: (context) => ({
    title: 'the configuration does not fit',
    likelyCause: 'Most often the server was upgraded, but the backup was not.',
    action: 'Correct what the run names, and deploy. Until then no run makes a backup.',
    steps: [
      ...unreadLog(context),
      definition(context, 'See what the run was told:', 'environment'),
      { say: 'More about each error message:', run: page('troubleshooting.md#10-configuration') },
      runNow(context, 'Then make a backup:'),
    ],
  }),
  connection: (context) => ({
    title: 'the database was not reached, or refused the login',
    likelyCause:
      'The name, the route, a security group, the certificate, or user and password. If it worked until now, one of them was changed, or the server is down.',
    action: 'Read in the log which of them it was, and repair it.',
    steps: [
      ...unreadLog(context),
      definition(context, 'See which host and port the run connects to:', "environment[?name=='BACKUP_JOB'].value"),
      { say: 'More about each error message:', run: page('troubleshooting.md#11-connection') },
      runNow(context, 'Then make a backup:'),
    ],
  }),
  privileges: (context) => ({
    title: 'the database user lacks privileges',
    likelyCause:
      'The user lost privileges, or the database got something new that it may not read. A dump without them would be incomplete, so the run refuses to make one.',
    action: 'Grant the missing privileges to the database user.',
    steps: [
      ...(context.problem.logLines === undefined
        ? unreadLog(context)
        : [logOf(context, 'See what the database refused, in the log of the run:')]),
      { say: 'As an administrator of the database, grant it to the database user.' },
      { say: 'What each privilege is for:', run: page('privileges.md') },
      runNow(context, 'Then make a backup:'),
    ],
  }),
  dumpFailed: (context) => ({
    title: 'the dump tool failed',
    likelyCause:
      'Broken or locked tables, a server that restarted, and too little memory are common. The log has the words of the tool.',
    action: "Read the tool's own words, and repair what they name.",
    steps: [
      logOf(context, 'Read the whole log of the run:'),
      { say: `If the tool was killed: ${moreMemory(context.problem)}` },
      runNow(context, 'If the server restarted, make a backup once it is up again:'),
    ],
  }),
  uploadFailed: (context) => ({
    title: 'the backup could not be stored',
    likelyCause:
      'S3 or KMS refused the upload, or was not reached: a permission of the task role, a policy, the key, or the route.',
    action: 'Read in the log what S3 or KMS said. Deploying again restores roles and policies.',
    steps: [
      ...unreadLog(context),
      { say: 'Deploy the stack again, which restores roles and policies.' },
      { say: 'More about each error message:', run: page('troubleshooting.md#14-the-upload-failed') },
      runNow(context, 'Then make a backup:'),
    ],
  }),
  timedOut: (context) => ({
    title: 'the run took longer than its timeout',
    likelyCause: 'The database has grown, or something slowed the run down: a busy server, a lock, or a small cpu.',
    action: 'Raise timeout of the backup, or cpu if the run was slow throughout, and deploy.',
    steps: [
      logOf(context, 'See how far the run came:'),
      { say: 'Raise timeout of the backup, or cpu if the run was slow throughout, and deploy.' },
      list(context, 'See how the size has grown:', 'size'),
    ],
  }),
  unexpected: (context) => ({
    title: 'the program failed',
    likelyCause: 'A fault of the program that makes the backup.',
    action: 'Try again, and report it with the line "failed" of the log.',
    steps: [
      runNow(context, 'Try again:'),
      logOf(context, 'Find the line "failed" with its stack:', 'failed'),
      { say: 'Report it with that line:', run: ISSUES },
    ],
  }),
  interrupted: (context) => ({
    title: 'the run was stopped before it was complete',
    likelyCause: 'A person, a deployment or AWS stopped the task.',
    action: 'Make a backup now.',
    steps: [runNow(context), stoppedTask(context)],
  }),
  'out-of-memory': (context) => ({
    title: 'the task ran out of memory',
    likelyCause: 'Rows with large values, or a higher compression level, need more memory than the task has.',
    action: moreMemory(context.problem),
    steps: [
      { say: moreMemory(context.problem) },
      { say: 'How much a run needs:', run: page('dump-program.md#memory-and-part-sizes') },
      runNow(context, 'Then make a backup:'),
    ],
  }),
  killed: (context) => ({
    title: 'the task was killed',
    likelyCause:
      'Memory ran out, or the task was stopped and did not end within 120 seconds. If the log breaks off without a word, it was the memory.',
    action: 'See whether somebody stopped the task; if not, give it more memory.',
    steps: [
      stoppedTask(context),
      { say: `If nobody stopped it: ${moreMemory(context.problem)}` },
      runNow(context, 'Then make a backup:'),
    ],
  }),
  crashed: (context) => ({
    title: 'the program crashed',
    likelyCause: 'The image is for another processor, or is one of your own.',
    action: 'See which image runs, and try again.',
    steps: [
      definition(context, 'See which image runs, and whether it is one of your own:', 'image'),
      logOf(context, 'Read the log of the run:'),
      runNow(context, 'Try again:'),
    ],
  }),
  'spot-interruption': (context) => ({
    title: 'AWS took the Spot capacity back',
    likelyCause: 'The task ran on Spot capacity, and AWS needed it. Nothing is wrong with the database or the backup.',
    action: 'Make a backup now, or wait for the next scheduled run.',
    steps: [runNow(context), { say: 'If it happens often, or the run is long, leave out spot, and deploy.' }],
  }),
  'stopped-by-user': (context) => ({
    title: 'somebody stopped the task',
    likelyCause: 'A person or a program called StopTask.',
    action: 'Make a backup now.',
    steps: [
      runNow(context),
      {
        say: 'See who stopped it. CloudTrail knows after about 15 minutes:',
        run: context.aws(
          'cloudtrail lookup-events',
          '--lookup-attributes AttributeKey=EventName,AttributeValue=StopTask',
        ),
      },
    ],
  }),
  maintenance: (context) => ({
    title: 'AWS stopped the task for maintenance',
    likelyCause: 'AWS maintains the hardware that the task ran on. Nothing is wrong with the database or the backup.',
    action: 'Make a backup now, or wait for the next scheduled run.',
    steps: [runNow(context)],
  }),
  'managed-job': managedJobAdvice,
  'managed-incomplete': managedIncompleteAdvice,
  'unknown-exit': (context) => ({
    title: 'the run ended with an unknown exit code',
    likelyCause: 'The container runs another program, or ended before the program started.',
    action: 'See whether image and command are those that were deployed.',
    steps: [
      stoppedTask(context),
      logOf(context, 'Read the log of the run:'),
      definition(context, 'See whether image and command are those that were deployed:', '[image,command]'),
      runNow(context, 'Try again:'),
    ],
  }),
};
