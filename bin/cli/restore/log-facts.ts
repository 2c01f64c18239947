/** Reads the log of a restore: its facts, whichever way its lines come. */
import type { RestorePlan, RestoreProgress, RestoreReport, TargetState } from '../../../catalog/contract/restore';
import { planSchema, progressSchema, reportSchema, TARGET_STATES } from '../../../catalog/contract/restore';
import type { LoggedFailure } from '../../../catalog/contract/run-log';
import { logTail } from '../../../catalog/contract/run-log';
import { CommandError } from '../errors';
import type { FactReader, LogLine } from '../program-run/run';

/** A fact of the log. `plan` ends a look; `restored` or `failed` ends a restore. */
export type LogFact =
  | { readonly kind: 'plan'; readonly plan: RestorePlan }
  | { readonly kind: 'progress'; readonly progress: RestoreProgress }
  | { readonly kind: 'restored'; readonly report: RestoreReport }
  | { readonly kind: 'safety-backup'; readonly directory: string }
  | { readonly kind: 'state'; readonly state: TargetState }
  | { readonly kind: 'failed'; readonly failure: LoggedFailure };

/**
 * Reads the log of a restore.
 *
 * @throws CommandError if it has a plan or report of a version of the program that this one cannot read
 */
export const RESTORE_FACTS: FactReader<LogFact> = {
  factOf,
  isLast: ({ kind }) => kind === 'restored' || kind === 'failed',
};

function factOf(line: LogLine, text: string): LogFact | undefined {
  switch (line.event) {
    case 'plan':
      return { kind: 'plan', plan: planSchema.safeParse(line.plan).data ?? unreadable() };
    case 'restored':
      return { kind: 'restored', report: reportSchema.safeParse(line.report).data ?? unreadable() };
    case 'progress': {
      const progress = progressSchema.safeParse(line.progress).data;
      return progress && { kind: 'progress', progress };
    }
    case 'safety-backup':
      return { kind: 'safety-backup', directory: String(line.directory) };
    case 'target-state':
      return { kind: 'state', state: TARGET_STATES.find((state) => state === line.state) ?? 'unknown' };
    case 'failed': {
      const { failure } = logTail([text]);
      return failure && { kind: 'failed', failure };
    }
  }
  return undefined;
}

function unreadable(): never {
  throw new CommandError(
    'the log of the restore cannot be read: the program that restores is of another version than this command: deploy the stack with this version, or use the other one here',
  );
}
