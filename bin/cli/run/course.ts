/** A backup that was started, by a task or on an instance, as the command `run` follows it. */
import type { RunEnd } from '../../../catalog/run-end';

/** How it ended. */
export interface CourseEnd {
  readonly end: RunEnd;
  readonly createdAt?: Date | undefined;
  readonly stoppedAt?: Date | undefined;
  /** Why it made no backup, in a sentence. */
  readonly failure?: string;
  /** The last sentence of the program, if there is one. */
  readonly sentence?: string | undefined;
}

/** A backup that was started. */
export interface Course {
  /** What `--json` says of it. */
  readonly facts: object;
  /** What is printed of it. */
  readonly lines: readonly string[];
  readonly notes: readonly string[];
  /** What ends: `task` */
  readonly what: string;
  /**
   * Waits for its end, however long that takes.
   *
   * @param tell is called with each new state
   * @throws CommandError if it cannot be looked at
   */
  ended(tell: (state: string) => void): Promise<CourseEnd>;
}
