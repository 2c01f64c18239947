import type { RestoreFacts } from '../../../catalog/contract/notification';
import { containerOf, mayRun } from '../../../catalog/contract/instance';
import type { TargetState } from '../../../catalog/contract/restore';
import type { Advice, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { page } from './links';
import type { AdvisedRestore } from './steps';
import { logOf, restore, shell, stoppedTask } from './steps';

/** The next restore after one that left its target in a state, and why it is that one. */
const AGAIN: Readonly<Record<TargetState, readonly [say: string, change: AdvisedRestore]>> = {
  unchanged: ['Nothing was changed. Once the cause is repaired, run it again:', {}],
  partial: ['Replace the part that is there; a safety backup is made first:', { overwrite: true }],
  'complete-but-different': ['See in its plan what is there now, before you replace it:', { dryRun: true }],
  'complete-but-unchecked': ['See in its plan what is there now, and compare it with the backup:', { dryRun: true }],
  unknown: ['See in its plan what is there now, before you run it again:', { dryRun: true }],
};

/** A task restored nothing, a part, or something else than the backup. */
export function restoreAdvice(context: AdviceContext): Advice {
  const { logStream, command, restore: facts } = context.problem;
  const next = facts && again(context, facts);
  return {
    title: 'a restore failed',
    // Its options are those of this restore: --overwrite fits no other one.
    ...(next && { kind: `${next.say} ${next.run}` }),
    likelyCause: 'The log has the reason.',
    action: 'Read why the restore failed, and run it again.',
    steps: [
      ...(command && mayRun(command.exitCode, command.status) ? [shell(context), itsContainer(context)] : []),
      ...(logStream !== undefined
        ? [logOf(context, 'Read the log of the restore:')]
        : command
          ? [stoppedTask(context)]
          : []),
      ...(next ? [next] : []),
      { say: 'What each state of the target means:', run: page('restore.md#if-it-fails') },
    ],
  };
}

/** It has the target to itself. */
const itsContainer = ({ problem: { restore: facts } }: AdviceContext): Step => ({
  say: 'See whether its container still runs. Restore nothing before it has ended:',
  run: `docker ps --filter ${arg(`name=${containerOf(facts?.source ?? '', '')}`)}`,
});

function again(
  context: AdviceContext,
  { backupId, databases, tables, paths, as, overwrite, state }: RestoreFacts,
): Step {
  const [say, change] = AGAIN[state ?? 'unknown'];
  return restore(context, say, {
    ...Object.fromEntries(
      Object.entries({ backupId, databases, tables, paths, as, overwrite }).filter(([, value]) => value !== undefined),
    ),
    ...change,
  });
}
