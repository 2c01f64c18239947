/** Where the program that restores runs: a task beside the database, or a process of this machine. */
import type { RestoreRequest } from '../../../catalog/contract/task';
import type { LogFact } from './log-facts';

/** A place where restores can be started. */
export interface RestorePlace {
  /** The target for people: `db.example.com:3306`; left out if only the program knows it. */
  readonly target?: string;
  /**
   * Starts the program.
   *
   * @throws CommandError if it does not start
   */
  start(request: RestoreRequest): Promise<RestoreRun>;
}

/** A run of the program that restores. */
export interface RestoreRun {
  /** What `--json` says of it, and what a person may look at. */
  readonly links?: { readonly task: string; readonly log: string };
  /** Says how to follow it when this command has ended; left out if it ends with this command. */
  readonly afterwards?: string;
  /**
   * The facts of its log as they come, up to its end.
   *
   * @param signal ends it early; the run goes on
   * @throws CommandError if the run cannot be followed
   */
  facts(signal: AbortSignal): AsyncIterable<LogFact>;
  /** How it ended; call it when {@link facts} has come to its end. */
  end(): RestoreEnd;
  /** Tells the program to stop. It leaves a known state, and says which. */
  stop(): Promise<void>;
}

/** How a run ended. */
export interface RestoreEnd {
  /** `false` if the program never started. */
  readonly began?: boolean;
  readonly exitCode?: number;
  /** The program's name for it: `restoreFailed`. */
  readonly exitName?: string;
  /** The words of the system, if the program did not end by itself. */
  readonly reason?: string;
}
