/** A run of the program that makes, restores and proves backups: in a task of ECS, or as a process of this machine. */

/** How a run ended. */
export interface ProgramEnd {
  /** `false` if the program never started; left out if nobody knows. */
  readonly began?: boolean;
  readonly exitCode?: number;
  /** The program's name for it: `restoreFailed`. */
  readonly exitName?: string;
  /** The words of the system, if the program did not end by itself. */
  readonly reason?: string;
}

/** A run whose log is followed. */
export interface ProgramRun<Fact> {
  /** What `--json` says of it, and what a person may look at. */
  readonly links?: { readonly task: string; readonly log: string };
  /** Says how to follow it when this command has ended; left out if it ends with this command. */
  readonly afterwards?: string;
  /** How a person stops it, if this command cannot: `docker stop …`. */
  readonly stopBy?: string;
  /**
   * The facts of its log as they come, up to its end.
   *
   * @param signal ends it early; the run goes on
   * @throws CommandError if the run cannot be followed
   */
  facts(signal: AbortSignal): AsyncIterable<Fact>;
  /** How it ended; call it when {@link facts} has come to its end. */
  end(): ProgramEnd;
  /** Tells the program to stop; left out if {@link stopBy} says how a person does so. */
  stop?(): Promise<void>;
}

/** A line of the program's log: one JSON object. */
export type LogLine = Readonly<Record<string, unknown>>;

/** How the facts are read out of a log. */
export interface FactReader<Fact> {
  /**
   * The fact of a line; `undefined` if it has none.
   *
   * @param text the same line as it came
   */
  readonly factOf: (line: LogLine, text: string) => Fact | undefined;
  /** Whether no other fact follows. */
  readonly isLast: (fact: Fact) => boolean;
}
