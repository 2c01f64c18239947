import type { AdviceTable } from './advice-table';
import type { Facts } from './steps';
import { connectionAdvice } from './advice-connection';
import { privilegesAdvice } from './reason-privileges';
import { uploadAdvice } from './reason-storage';
import { definition, list, logOf, runNow, stoppedTask, unreadLog } from './steps';
import { page } from './links';

/** Memory in MiB that Fargate offers, each with the smallest `cpu` that may have it. */
const FARGATE: readonly (readonly [memory: number, cpu: number])[] = [
  [512, 256],
  ...sizes(1, 2, 1, 256),
  ...sizes(3, 4, 1, 512),
  ...sizes(5, 8, 1, 1024),
  ...sizes(9, 16, 1, 2048),
  ...sizes(17, 30, 1, 4096),
  ...sizes(32, 60, 4, 8192),
  ...sizes(64, 120, 8, 16384),
];

function sizes(from: number, to: number, step: number, cpu: number): [number, number][] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => [(from + index * step) * 1024, cpu]);
}

/** The next size above that of the task. */
const moreMemory = ({ problem: { task } }: Facts): string => {
  const next = FARGATE.find(([memory]) => memory > (task?.memory ?? Infinity));
  if (!next) return 'Raise memoryLimitMiB of the backup, and deploy.';
  return `Raise memoryLimitMiB of the backup from ${task!.memory} to ${next[0]} or more (cpu ${next[1]} or more), and deploy.`;
};

/** A run ended with another exit code than 0, was killed, or timed out. */
export const FAILED_ADVICE: AdviceTable<'failed'> = {
  configuration: (facts) => ({
    title: 'the configuration does not fit',
    likelyCause:
      'The job, a variable, the version of the server or the image does not fit the others. Most often the server was upgraded, and the backup was not.',
    steps: [
      ...unreadLog(facts),
      { say: 'Correct what the run names, and deploy. Until then no run makes a backup.' },
      definition(facts, 'See what the run was told:', 'environment'),
      { say: 'Each sentence, and what stands behind it:', run: page('troubleshooting.md#10-configuration') },
      runNow(facts, 'When it is deployed, make a backup:'),
    ],
  }),
  connection: connectionAdvice,
  privileges: privilegesAdvice,
  dumpFailed: (facts) => ({
    title: 'the dump tool failed',
    likelyCause:
      'The dump tool of the database failed, was killed or complained; its own words are in the sentence. Broken or locked tables, a server that restarted, and too little memory are common.',
    steps: [
      logOf(facts, 'Read the whole log of the run:'),
      { say: `If the tool was killed: ${moreMemory(facts)}` },
      { say: 'If the server had restarted, make a backup once it is up again.' },
      runNow(facts),
    ],
  }),
  uploadFailed: uploadAdvice,
  timedOut: (facts) => ({
    title: 'the run took too long',
    likelyCause:
      'The run took longer than its timeout and stopped itself. The database has grown, or something slowed the run down: a busy server, a lock, a small cpu.',
    steps: [
      logOf(facts, 'See how far it came:'),
      { say: 'Raise timeout of the backup, or cpu if the run was slow throughout, and deploy.' },
      list(facts, 'See how the size grew:', 'size'),
    ],
  }),
  unexpected: (facts) => ({
    title: 'the program itself failed',
    likelyCause: 'A fault of the program that makes the backup.',
    steps: [
      logOf(facts, 'Find the line "failed" with its stack:', 'failed'),
      { say: 'Report it with that line:', run: 'https://github.com/cdk-proven-backups/cdk-proven-backups/issues' },
      runNow(facts, 'It may have been a matter of the moment. Try once more:'),
    ],
  }),
  interrupted: (facts) => ({
    title: 'the run was stopped before its end',
    likelyCause: 'Somebody or something stopped the task: a person, a deployment, or AWS, which took the machine back.',
    steps: [stoppedTask(facts), runNow(facts)],
  }),
  'out-of-memory': (facts) => ({
    title: 'the task ran out of memory',
    likelyCause:
      'The task used more memory than it has. Rows with large values need more; so does a higher compression level.',
    steps: [
      { say: moreMemory(facts) },
      { say: 'How much is needed:', run: page('dump-program.md#memory-and-part-sizes') },
      runNow(facts, 'When it is deployed, make a backup:'),
    ],
  }),
  killed: (facts) => ({
    title: 'the task was killed',
    likelyCause:
      'Exit code 137: memory ran out, or the task was stopped and did not end within 120 seconds. If the log breaks off without a word, it was the memory.',
    steps: [stoppedTask(facts), { say: `If nobody stopped it: ${moreMemory(facts)}` }, runNow(facts)],
  }),
  crashed: (facts) => ({
    title: 'the program crashed',
    likelyCause:
      'The program was ended by a signal, such as a segmentation fault. An image for another processor, or one made by hand, is the usual cause.',
    steps: [
      definition(facts, 'See which image runs, and whether you made it:', 'image'),
      logOf(facts, 'Read the log of the run:'),
      runNow(facts, 'Try once more:'),
    ],
  }),
  'spot-interruption': (facts) => ({
    title: 'AWS took the Spot capacity back',
    likelyCause: 'The task ran on Spot capacity, and AWS needed it. The next run by schedule makes the next backup.',
    steps: [{ say: 'If it happens often, or the run is long: leave out spot, and deploy.' }, runNow(facts)],
  }),
  'stopped-by-user': (facts) => ({
    title: 'somebody stopped the task',
    likelyCause: 'A person or a program called StopTask.',
    steps: [
      {
        say: 'See who it was (CloudTrail has it after some 15 minutes):',
        run: facts.aws(
          'cloudtrail lookup-events',
          '--lookup-attributes AttributeKey=EventName,AttributeValue=StopTask',
        ),
      },
      runNow(facts),
    ],
  }),
  maintenance: (facts) => ({
    title: 'AWS stopped the task for maintenance',
    likelyCause:
      'AWS maintains the machine that the task ran on. Nothing is wrong with the backup; this run just made none.',
    steps: [runNow(facts)],
  }),
  'unknown-exit': (facts) => ({
    title: 'the run ended in an unknown way',
    likelyCause: 'The run ended with an exit code that the program does not have, or with none at all.',
    steps: [
      stoppedTask(facts),
      logOf(facts, 'Read the log of the run:'),
      definition(facts, 'See whether the image and the command are still those that were deployed:', '[image,command]'),
      runNow(facts, 'Try once more:'),
    ],
  }),
};
