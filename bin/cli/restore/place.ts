/** Where the program that restores runs: a task beside the database, or a process of this machine. */
import type { RestoreRequest } from '../../../catalog/contract/task';
import type { ProgramRun } from '../program-run/run';
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

/** A run of the program that restores. Told to stop, it leaves a known state, and says which. */
export type RestoreRun = ProgramRun<LogFact>;
