/** The program's side of an engine: what each `engines/<name>/program.ts` implements. */
import type { Readable } from 'node:stream';
import type { Consistency, DataObject, TableCount } from '../catalog/bucket/manifest';
import type { Note } from '../catalog/contract/note';
import type { DumpJob, ServerJob } from '../catalog/contract/task';
import type { Credentials, RunInputs } from '../task/run/job';
import type { Log } from '../task/run/log';

/** One engine, as the program runs it. */
export interface EngineProgram {
  createDump(context: EngineContext): EngineDump;
  /**
   * A helper of the engine, which runs as a process of its own: `main.js helper <engine> …`.
   *
   * @returns the exit code
   */
  helper?(args: readonly string[]): number | Promise<number>;
}

/** One dump of one source, from preflight to facts. */
export interface EngineDump {
  /** Connects, checks version and privileges; throws a BackupError before the first byte if a complete dump is impossible. */
  preflight(): Promise<void>;
  /** The streams of the dump, in order. Several may be read at once: each is judged by itself. */
  streams(): AsyncIterable<DumpStream>;
  /** After the last stream has succeeded: versions, consistency and row counts. */
  facts(): Promise<DumpFacts>;
  /** Ends all connections and processes and removes all files. Safe at any moment. */
  close(): Promise<void>;
}

/** One stream of a dump, and its judgement. */
export interface DumpStream {
  /** File name of the object, below the backup's prefix. */
  readonly file: string;
  readonly kind: DataObject['kind'];
  readonly format: DataObject['format'];
  readonly databases: readonly string[];
  readonly bytes: Readable;
  /** Sees every chunk before it is compressed. Must be quick. */
  inspect(chunk: Buffer): void;
  /** Table being dumped, if known. */
  table(): string | undefined;
  /** Resolves once all bytes were read and the dump of them is complete; rejects with a BackupError otherwise. */
  succeeded(): Promise<void>;
  /** Ends the tool and waits until it is gone. */
  stop(): Promise<void>;
}

/** Facts of a finished dump, for its manifest. */
export interface DumpFacts {
  readonly serverVersion: string;
  readonly toolVersion: string;
  readonly consistency: Consistency;
  readonly tables: readonly TableCount[];
  readonly rolePasswords?: boolean;
}

/** The run, as an engine sees it. */
export interface EngineContext {
  readonly run: RunInputs;
  readonly log: Log;
  /** Tells something that a person must know of this backup: the log, the manifest and, when it is new, an email have it. */
  readonly note: (note: Note) => void;
  /** A directory of this run alone, mode 0700, removed at its end. */
  readonly scratch: string;
  /** Aborted when the run must stop. */
  readonly signal: AbortSignal;
}

/** The context of an engine with a server: reading the job has checked that all parts are there. */
export interface ServerContext extends EngineContext {
  readonly job: DumpJob;
  readonly server: ServerJob;
  readonly credentials: Credentials;
}

/** Narrows the context of an engine with a server. */
export function serverContext(context: EngineContext): ServerContext {
  const { job, credentials } = context.run;
  if (!job.server || !credentials) throw new Error(`job of engine ${job.engine} without a server`);
  return { ...context, job, server: job.server, credentials };
}
