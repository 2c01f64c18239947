/** Reads the log of a restore: its facts, whichever way its lines come. */
import type { RestorePlan, RestoreProgress, RestoreReport, TargetState } from '../../../catalog/contract/restore';
import { planSchema, progressSchema, reportSchema, TARGET_STATES } from '../../../catalog/contract/restore';
import type { LoggedFailure } from '../../../catalog/contract/run-log';
import { logTail } from '../../../catalog/contract/run-log';
import { CommandError } from '../errors';

/** A fact of the log. `plan` ends a look; `restored` or `failed` ends a restore. */
export type LogFact =
  | { readonly kind: 'plan'; readonly plan: RestorePlan }
  | { readonly kind: 'progress'; readonly progress: RestoreProgress }
  | { readonly kind: 'restored'; readonly report: RestoreReport }
  | { readonly kind: 'state'; readonly state: TargetState }
  | { readonly kind: 'failed'; readonly failure: LoggedFailure };

/** Turns the lines of a log into facts. A line may come in parts, as log drivers cut long ones. */
export class LogFacts {
  private part = '';

  /**
   * Takes the next line.
   *
   * @returns its fact; `undefined` if it has none
   * @throws CommandError if it is a plan or report of a version of the program that this one cannot read
   */
  take(line: string): LogFact | undefined {
    const begins = line.startsWith('{"time"');
    const text = begins ? line : this.part + line;
    const object = objectOf(text);
    // A part of a line that never ends is forgotten when the next line begins.
    this.part = object === undefined && (begins || this.part !== '') ? text : '';
    return object && factOf(object, text);
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function factOf(line: Readonly<Record<string, unknown>>, text: string): LogFact | undefined {
  switch (line.event) {
    case 'plan':
      return { kind: 'plan', plan: planSchema.safeParse(line.plan).data ?? unreadable() };
    case 'restored':
      return { kind: 'restored', report: reportSchema.safeParse(line.report).data ?? unreadable() };
    case 'progress': {
      const progress = progressSchema.safeParse(line.progress).data;
      return progress && { kind: 'progress', progress };
    }
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
