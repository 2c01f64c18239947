/** The shape of an engine's facts. Free of dependencies: constructs, handlers, command line and program share them. */

/** Facts of one engine. */
export interface EngineFacts<Reason extends string = string, NoteKind extends string = string> {
  /** Name as people write it: `PostgreSQL`. */
  readonly title: string;
  /** Versions of the server that the program supports, as users state them; empty if users state none. */
  readonly versions: readonly string[];
  /** The official image for a version. */
  readonly image: (version: string) => string;
  /** Versions whose official image exists for x86-64 only. */
  readonly withoutArmImage?: readonly string[];
  /** Reasons of failures that the engine has besides the common ones, as a closed list. */
  readonly reasons: readonly Reason[];
  /** Kinds of notes that its backups may carry, as a closed list. */
  readonly notes: readonly NoteKind[];
  /** Programs that a restore needs, by their file names; none when left out. */
  readonly restoreTools?: readonly string[];
  /** Facts of the engine's server. An engine without them keeps a database in a file. */
  readonly server?: ServerFacts;
}

/** Facts of an engine that has a server. */
export interface ServerEngineFacts<
  Reason extends string = string,
  NoteKind extends string = string,
> extends EngineFacts<Reason, NoteKind> {
  readonly server: ServerFacts;
}

/** Facts of an engine whose databases are reached by host, port and secret. */
export interface ServerFacts {
  readonly defaultPort: number;
  /** How many leading numbers of a version make a major version: 2 for `10.11`, 1 for `16`. */
  readonly majorVersionParts: number;
  /** Names of the engine in RDS and Aurora. */
  readonly rdsEngines: readonly string[];
  /** Whether a database has schemas, of which some can be backed up. */
  readonly hasSchemas: boolean;
  readonly dumpTool: DumpToolFacts;
}

/** The dump tool of an engine, and the arguments that users may not add to its command line. */
export interface DumpToolFacts {
  /** File name of the program. */
  readonly name: string;
  /** Other programs that a dump runs; none when left out. */
  readonly companions?: readonly string[];
  readonly refusals: readonly ArgumentRefusal[];
  /** Options that are allowed although a refused option begins with the same letters. */
  readonly allowed: readonly string[];
  /** Short options that may have their value in the same word. */
  readonly valued: string;
  /** Words that may stand in front of an option; `skip` and `disable` negate it. */
  readonly prefixes?: RegExp;
}

/** Options that users may not add, and why. Without leading hyphens: one letter is a short option. */
export interface ArgumentRefusal {
  readonly options: readonly string[];
  readonly reason: string;
}

/** Why arguments are refused. */
export const REFUSED = {
  secret: 'credentials come from the secret, never from a command line',
  stream: 'the program reads the dump from standard output, in a format that it can check',
  partial: 'it would make a partial dump that looks complete',
  connection: 'the connection is set by the construct',
  server: 'it would hold up writers or change the server while the dump is made',
} as const;
