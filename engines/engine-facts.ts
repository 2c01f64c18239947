/** The shape of an engine's facts. Free of dependencies: constructs, handlers, command line and program share them. */
import type { ServerAddress, ServerJob } from '../catalog/contract/task';
import type { TableWords } from '../catalog/size/lost-tables';

/** What people call the parts of what an engine backs up. */
export interface EngineWords extends TableWords {
  /** What the tables are in. */
  readonly whole: string;
}

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
  /** Whether single paths of a backup can be restored; tables can when left out. */
  readonly hasPaths?: true;
  /** What people call a database, a table and a row of it, in the singular; that when left out. */
  readonly words?: EngineWords;
  /** What a restore test needs. */
  readonly proof: ProofFacts;
  /** Facts of the engine's server. An engine without them keeps its data in a file, or in a directory. */
  readonly server?: ServerFacts;
}

/** Facts of an engine that has a server. */
export interface ServerEngineFacts<
  Reason extends string = string,
  NoteKind extends string = string,
> extends EngineFacts<Reason, NoteKind> {
  readonly server: ServerFacts;
}

/** What a restore test of an engine needs. */
export interface ProofFacts {
  /** Bytes of disk for each byte of the dump before compression, indexes included. */
  readonly diskPerByte: number;
  /** Bytes of disk for each row besides; none when left out. */
  readonly diskPerRow?: number;
  /** Bytes of disk besides: what an empty server takes, and its logs. */
  readonly diskBytes: number;
  /** Memory of the smallest task, in MiB. */
  readonly memoryMiB: number;
  /** Bytes of memory for each row besides, of which the program's heap gets {@link HEAP_SHARE}; none when left out. */
  readonly memoryPerRow?: number;
  /** Programs that it needs besides those of the dump and the restore, by their file names. */
  readonly tools: readonly string[];
}

/** Share of a task's memory that the heap of the program may take, where that grows with the rows. */
export const HEAP_SHARE = 3 / 4;

/** Bytes of disk that a restore test takes, for a dump of so many bytes before compression, and so many rows. */
export const proofDiskBytes = (
  { diskPerByte, diskPerRow = 0, diskBytes }: ProofFacts,
  dumpedBytes: number,
  rows: number,
): number => Math.ceil(diskPerByte * dumpedBytes + diskPerRow * rows + diskBytes);

/** Facts of an engine whose databases are reached by host, port and secret. */
export interface ServerFacts {
  readonly defaultPort: number;
  /** Of URLs of its servers, without the colon. */
  readonly protocols: readonly string[];
  /** How many leading numbers of a version make a major version: 2 for `10.11`, 1 for `16`. */
  readonly majorVersionParts: number;
  /** Names of the engine in RDS and Aurora. */
  readonly rdsEngines: readonly string[];
  /** The oldest tool for a version of the server, where tools have versions of their own. */
  readonly oldestTools?: Readonly<Record<string, string>>;
  /** Options that not every engine has; none when left out. */
  readonly options?: readonly ServerOption[];
  /**
   * Reads the connection string that a secret may hold; engines with the option `uriKey` only.
   *
   * @throws Error that says what is wrong with it, without a part of it that could be a secret
   */
  readonly readUri?: (uri: string) => ServerUri;
  readonly dumpTool: DumpToolFacts;
}

/** Options of a server that not every engine has, as users name them. */
export const SERVER_OPTIONS = [
  /** Schemas of a database, of which some can be backed up. */
  'schemas',
  'excludeSchemas',
  /** Collections of a database. */
  'excludeCollections',
  /** Members of a replica set, and the one that is dumped from. */
  'hosts',
  'srv',
  'replicaSet',
  'readPreference',
  /** The database that a user belongs to. */
  'authSource',
  /** A connection string in the secret. */
  'uriKey',
] as const;
export type ServerOption = (typeof SERVER_OPTIONS)[number];

/** A connection string, read. */
export interface ServerUri {
  /** Address and choice of a member: what a job has else. */
  readonly address: Omit<ServerAddress, 'tls'> & Pick<ServerJob, 'readPreference'>;
  readonly credentials: { readonly username: string; readonly password: string };
  /** Whether it asks for TLS; left to the job when left out. */
  readonly tls?: boolean;
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
  /** Arguments that leave out tables, schemas or rows; users may add them. */
  readonly leavesOut?: RegExp;
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
  restore: 'a restore would drop or change what it was not asked to',
  server: 'it would hold up writers or change the server while the dump is made',
} as const;
