/** Advice about the reason that a run gave for its failure. */
import type { CommonReason } from '../../../catalog/contract/failure';
import type { Cause } from '../../../catalog/contract/alarms';
import { oneLine } from '../compose/text';
import type { LostData } from '../../../engines/engine-advice';
import type { Advice, Step } from './advice-table';
import type { AdviceContext } from './context';
import { engineOf, soundOf } from './context';
import { page } from './links';
import type { ReasonAdvice, ReasonTable } from './reason-advice';
import { LOGIN_REASONS, NETWORK_REASONS } from './reason-connection';
import { DUMP_REASONS } from './reason-dump';
import { INSTANCE_REASONS } from './reason-on-instance';
import { PRIVILEGE_REASONS } from './reason-privileges';
import { SETUP_REASONS } from './reason-setup';
import { STORAGE_REASONS } from './reason-storage';
import { restore, restoreBeside, runNow } from './steps';

/** Reasons that say no more than the exit code. */
type SaidByExitCode = 'timed-out' | 'already-running' | 'interrupted' | 'fault-of-the-program' | 'other';

const REASONS: ReasonTable<Exclude<CommonReason, SaidByExitCode>> = {
  ...SETUP_REASONS,
  ...NETWORK_REASONS,
  ...LOGIN_REASONS,
  ...PRIVILEGE_REASONS,
  ...DUMP_REASONS,
  ...STORAGE_REASONS,
};

/** Pages about the error messages of an exit code. */
const SENTENCES: Readonly<Partial<Record<Cause, string>>> = {
  configuration: 'troubleshooting.md#10-configuration',
  connection: 'troubleshooting.md#11-connection',
  dumpFailed: 'troubleshooting.md#13-the-dump-failed',
  uploadFailed: 'troubleshooting.md#14-the-upload-failed',
};

/**
 * Advice about the reason of a failed run: what is common to all engines, with what only the engine knows.
 *
 * @returns `undefined` if there is no reason, or none that this version knows: the exit code has to do then
 */
export function reasonAdvice(context: AdviceContext): Advice | undefined {
  const { problem, values, engine } = context;
  const { reason } = problem;
  if (reason === undefined) return undefined;
  const onInstance = problem.command && ownProperty<ReasonAdvice>(INSTANCE_REASONS, reason.kind);
  const own = engine && ownProperty(engine.own, reason.kind);
  if (own && !onInstance)
    return advice({ ...own, steps: () => [...own.steps(values), ...bringBack(context, own.lost?.(values))] }, []);
  const common = onInstance ?? ownProperty<ReasonAdvice>(REASONS, reason.kind);
  if (!common) return undefined;
  const ofEngine = engine && ownProperty(engine.common, reason.kind);
  return advice(common, ofEngine?.(values) ?? []);

  function advice(given: ReasonAdvice, engineSteps: readonly Step[]): Advice {
    const { title, happened, likelyCause, action } = given;
    return {
      title,
      ...(happened && { happened: oneLine(happened(values)) }),
      kind: `${engineOf(problem) ?? ''} ${reason!.kind}${problem.command ? ' on an instance' : ''}`,
      likelyCause,
      action: typeof action === 'string' ? action : action(context),
      steps: [...given.steps(context, engineSteps), ...after(context)],
    };
  }
}

/** Brings lost data back from the newest good backup: beside what is left, or in the place of what is gone. */
function bringBack(context: AdviceContext, lost: LostData | undefined): Step[] {
  const id = soundOf(context.problem)?.id;
  if (!lost || id === undefined) return [];
  const { database, isGone } = lost;
  if (isGone && database !== undefined)
    return [restore(context, 'If it is lost, restore it:', { backupId: id, databases: [database] })];
  const say = (what: string) => `Restore ${what}, beside the original, and compare:`;
  return [restoreBeside(context, say, { words: `backup ${oneLine(id)}`, id }, lost)];
}

/** Last steps of every reason. */
function after(context: AdviceContext): Step[] {
  const sentences = SENTENCES[context.problem.cause];
  return [
    ...(sentences === undefined ? [] : [{ say: 'More about each error message:', run: page(sentences) }]),
    runNow(context, 'Then make a backup:'),
  ];
}

/** A property of the table itself: a reason may be called `constructor`. */
const ownProperty = <T>(table: Readonly<Record<string, T | undefined>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
