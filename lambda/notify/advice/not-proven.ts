/** Advice about restore tests: what differs, what they lack, and which backup is safe to restore meanwhile. */
import { formatDuration } from '../../../catalog/units';
import { PROVE_STREAM } from '../../../catalog/contract/task';
import { adviceOfEngine } from '../../../engines/advice';
import { findEngine } from '../../../engines/facts';
import { oneLine } from '../compose/text';
import type { AdviceTable, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg, engineOf } from './context';
import { page } from './links';
import { list, logOf, restore, runNow, schedules } from './steps';

/** Tests a backup now. */
const proveNow = (context: AdviceContext, say: string, id?: string, local = false): Step => ({
  say,
  run: [
    `npx proven-backups prove ${context.backups}`,
    ...(id === undefined ? [] : [`--backup ${arg(id)}`]),
    ...(local ? ['--local'] : []),
  ].join(' '),
});

/** The log of tests, which the sources of a bucket share. */
const logOfTests = (context: AdviceContext, say: string): Step => logOf(context, say, undefined, `${PROVE_STREAM}/`);

/** The plan of a restore of the newest proven backup. */
function restoreProven(context: AdviceContext): Step {
  const { proven } = context.problem;
  if (!proven)
    return {
      say: 'No backup is proven. If you have to restore now, restore an older one beside the database, and look at it first.',
    };
  const say = 'Do you have to restore now? This shows the plan for the newest proven backup, and changes nothing:';
  return restore(context, say, { backupId: proven.id, dryRun: true });
}

/** What mends a test that could not run, by its reason. */
function remedyOf(context: AdviceContext): {
  readonly kind?: string;
  readonly likelyCause: string;
  readonly action: string;
  readonly steps: readonly Step[];
} {
  const { reason = context.problem.test?.reason } = context.problem;
  switch (reason?.kind) {
    case 'image-lacks': {
      const what = oneLine(reason.object ?? 'a part of it');
      const file = dockerfile(context, what);
      return {
        kind: file,
        likelyCause: `The server that was dumped has ${what}, but the image of the backup does not.`,
        action: `Give the database an image that has ${what}, and deploy.`,
        steps: [
          {
            say: 'A Dockerfile of two lines, whose folder is the image of the database:',
            run: file,
          },
          {
            say: 'How an image is given, and what to put into it:',
            run: page('restore-tests.md#if-a-test-could-not-run'),
          },
        ],
      };
    }
    case 'disk-too-small':
      return {
        likelyCause:
          'The restored server takes more disk than was estimated from the backup: large indexes, or a lot of small rows.',
        action: 'Test it where there is more disk.',
        steps: [],
      };
    case 'object-archived':
      return {
        likelyCause: 'It has moved to a tier from which nothing can be read at once.',
        action: 'Test backups while they are young: more often, or before they move.',
        steps: [
          {
            say: 'Choose when tests run, or when backups move:',
            run: page('restore-tests.md#if-a-test-could-not-run'),
          },
        ],
      };
    case 'identity-wrong':
    case 'identity-unusable':
      return {
        likelyCause:
          'The secret of proveWith holds no private key, one with a passphrase, or the key of nobody to whom this backup is encrypted.',
        action: 'Put the private key of one of encryptTo into that secret.',
        steps: [{ say: 'Which private key the tests need:', run: page('encryption.md#restore-tests') }],
      };
    case 'not-supported':
      return {
        likelyCause: 'The program of the test is older than the one that made the backup.',
        action: 'Deploy the stack with the newest version of cdk-proven-backups.',
        steps: [],
      };
    case 'timed-out':
      return {
        likelyCause: 'The backup has grown.',
        action: 'Give the tests more time (timeout in restoreTesting), and deploy.',
        steps: [],
      };
    default:
      return {
        likelyCause:
          'The test itself failed before it could judge the backup: memory, disk, network, image or capacity.',
        action: 'Read why the test could not run, and run it again.',
        steps: [],
      };
  }
}

/** `FROM postgres:18`, and what installs what it lacks. */
function dockerfile({ problem }: AdviceContext, what: string): string {
  const engine = problem.test?.engine ?? engineOf(problem) ?? '';
  const { image, server } = findEngine(engine) ?? {};
  const numbers = (problem.test?.serverVersion ?? problem.newest?.engineVersion ?? '').match(/\d+/g) ?? [];
  const version = numbers.slice(0, server?.majorVersionParts ?? 1).join('.');
  const from = image && version !== '' ? image(version) : '"$IMAGE"';
  const packages = adviceOfEngine(engine)?.packageOf?.(what, version) ?? '"$PACKAGE"';
  return `FROM ${from}\nRUN apt-get update && apt-get install --yes --no-install-recommends ${packages}`;
}

const tested = ({ problem }: AdviceContext): string | undefined => problem.test?.id;

/** Problems of restore tests. */
export const NOT_PROVEN_ADVICE: AdviceTable<'not-proven'> = {
  'restore-test-failed': (context) => {
    const { test } = context.problem;
    const missing = test?.differences?.some(({ check }) => check === 'bytes' || check === 'load');
    return {
      title: 'a restore test failed',
      likelyCause: missing
        ? 'The stored backup is damaged, or the server refuses a part of it.'
        : 'The backup loads, but the dump tool left something out or changed it.',
      action: 'Do not rely on this backup. Make a new one, and test it.',
      steps: [
        ...(test
          ? [
              {
                say: 'See all that differs:',
                run: `npx proven-backups show ${context.backups} ${arg(test.id)} --no-tables`,
              },
            ]
          : []),
        runNow(context, 'Make a new backup:'),
        proveNow(context, 'Test it:'),
        list(context, 'See which backups are proven, and therefore safe to restore:', 'proof'),
        restoreProven(context),
        {
          say: 'If the new one fails in the same way, see what to do:',
          run: page('restore-tests.md#if-a-test-fails'),
        },
      ],
    };
  },
  'restore-test-not-run': (context) => {
    const { steps, ...remedy } = remedyOf(context);
    return {
      title: 'a restore test could not run',
      ...remedy,
      steps: [
        ...steps,
        ...(context.problem.logLines === undefined ? [logOfTests(context, 'Read why the test could not run:')] : []),
        proveNow(context, 'Run the test again:', tested(context)),
        proveNow(context, "Or on a machine that has the engine's programs and enough disk:", tested(context), true),
        list(context, 'See which backups are proven:', 'proof'),
      ],
    };
  },
  'too-large': (context) => ({
    title: 'a backup is too large for a restore test',
    likelyCause: 'A task of Fargate has at most 200 GiB of disk, and the restored server needs more.',
    action: 'Test it on a machine with enough disk.',
    steps: [
      proveNow(
        context,
        "On a machine that has the engine's programs and enough disk, such as an instance of EC2:",
        tested(context),
        true,
      ),
      { say: 'Or split the source into several, each with some of its databases, and deploy.' },
      {
        say: 'Or turn its tests off, and say why:',
        run: "restoreTest: RestoreTests.off('tested by hand every month')",
      },
    ],
  }),
  'never-proven': (context) => ({
    title: 'no restore test has ever passed',
    likelyCause: 'No restore test was started, or none came to its end.',
    action: 'Test the newest backup now.',
    steps: [
      proveNow(context, 'Test the newest backup, and see what it says:'),
      logOfTests(context, 'Look for restore tests in the log:'),
      schedules(context, 'See whether the schedule of the tests exists and is ENABLED:'),
      { say: 'If this source cannot be tested, say why:', run: "restoreTest: RestoreTests.off('the reason')" },
    ],
  }),
  'proof-too-old': (context) => ({
    title: 'no restore test has passed for too long',
    likelyCause: 'No restore test was started, or none came to its end.',
    action: 'Test the newest backup now.',
    steps: [
      proveNow(context, 'Test the newest backup, and see what it says:'),
      list(context, 'See which backups are proven:', 'proof'),
      logOfTests(context, 'Look for restore tests in the log:'),
      schedules(context, 'See whether the schedule of the tests exists and is ENABLED:'),
    ],
  }),
  'recovery-too-slow': (context) => {
    const { objectives, proven } = context.problem;
    const { recoverySeconds = 0, loadSeconds = 0 } = proven ?? {};
    const waits = recoverySeconds - loadSeconds;
    const objective =
      objectives?.recoveryTimeSeconds === undefined ? '' : ` of ${formatDuration(objectives.recoveryTimeSeconds)}`;
    return {
      title: 'a restore takes longer than its objective',
      likelyCause:
        waits > loadSeconds
          ? `The backup lies in an archive: to retrieve it takes ${formatDuration(waits)}.`
          : 'The database has grown, or the task of the restore is too small.',
      action: `Make restores faster, or change the recovery time objective${objective}.`,
      steps: [
        ...(waits > 0
          ? [{ say: 'Keep proven backups out of archives for longer:', run: page('storage-tiers.md') }]
          : []),
        {
          say: 'What makes restores faster: more vCPUs, and more connections that load at once:',
          run: page('restore.md#where-it-runs'),
        },
        proveNow(context, 'Measure it again:'),
        list(context, 'See how long the restore of each backup took:', 'proof'),
      ],
    };
  },
};
