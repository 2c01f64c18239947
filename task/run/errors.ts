import { EXIT_CODES, type ExitCodeName } from '../../catalog/contract/task';

/** A failure that the program understands: its exit code, and a sentence that says what happened and what to do. */
export class BackupError extends Error {
  constructor(
    readonly exit: Exclude<ExitCodeName, 'success'>,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'BackupError';
  }

  get exitCode(): number {
    return EXIT_CODES[this.exit];
  }
}

/** A failure that nobody foresaw becomes exit code 1, with its own message. */
export function asBackupError(error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  return new BackupError('unexpected', `unexpected failure: ${errorText(error)}`, { cause: error });
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
