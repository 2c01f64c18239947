import type { CommonReason, ProveReason, Reason, RestoreReason } from '../../catalog/contract/failure';
import type { RestoreDifference } from '../../catalog/contract/restore';
import { EXIT_CODES, type ExitCodeName } from '../../catalog/contract/task';
import type { EngineReason } from '../../engines/facts';

/** Kinds of reasons of this program and its engines. */
type Kind = CommonReason | RestoreReason | ProveReason | EngineReason;

/** Why a run of this program can fail. */
export type RunReason = Reason<Kind>;

/**
 * A failure that the program understands: exit code, a sentence that says what happened and what to do, and the facts.
 *
 * @typeParam K kinds of reasons; those of this program unless an engine that is not part of it names its own
 */
export class BackupError<K extends string = Kind> extends Error {
  /** Whether what happened passes: the same run may well succeed when it is tried again at once. */
  readonly passing: boolean;

  constructor(
    readonly exit: Exclude<ExitCodeName, 'success'>,
    message: string,
    readonly reason: Reason<NoInfer<K>>,
    options?: { cause?: unknown; passing?: boolean },
  ) {
    super(message, options);
    this.name = 'BackupError';
    this.passing = options?.passing ?? false;
  }

  get exitCode(): number {
    return EXIT_CODES[this.exit];
  }
}

/** What was restored is not as the backup. */
export class RestoreDiffersError extends BackupError {
  constructor(
    message: string,
    readonly differences: readonly RestoreDifference[],
  ) {
    const object = differences.map((one) => one.object).join(', ');
    super('restoreFailed', message, { kind: 'restore-differs', object });
  }
}

/** Turns an unforeseen failure into exit code 1, with its own message. */
export function asBackupError(error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  const said = errorText(error);
  return new BackupError(
    'unexpected',
    `unexpected failure: ${said}`,
    { kind: 'fault-of-the-program', said },
    { cause: error },
  );
}

/** The message of whatever was thrown; for an AggregateError (several addresses of one host), those of its parts. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(errorText))].join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}

/** The `code` that Node.js and the database drivers put on errors. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
