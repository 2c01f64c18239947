/** Exit codes, and errors that end a command with a sentence. */

/** Exit codes of the command line. */
export const EXIT = {
  done: 0,
  /** AWS refused, a function or a run failed, or the network broke. */
  failed: 1,
  /** The command line is wrong: an unknown option, a value that is not allowed. */
  usage: 2,
  /** Done, but something needs attention: a refusal, a damaged backup. */
  problems: 3,
  /** Not yet: a retrieval from an archive, or a restore, goes on without this command. */
  later: 4,
  /** A restore test could not run: it says nothing about the backup. */
  untested: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a sentence and without a stack trace. */
export class CommandError extends Error {
  /** @param sentence the fact, the value got, and the remedy */
  constructor(
    sentence: string,
    readonly exitCode: ExitCode = EXIT.failed,
  ) {
    super(sentence);
  }
}

/** A {@link CommandError} about something that the user typed. */
export class UsageError extends CommandError {
  constructor(sentence: string) {
    super(sentence, EXIT.usage);
  }
}
