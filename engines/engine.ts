import type { Readable } from 'node:stream';
import type { Consistency, DataObject, TableCount } from '../catalog/bucket/manifest';
import type { Log } from '../task/run/log';
import type { Credentials, Run } from '../task/run/job';
import type { DumpJob, ServerJob } from '../catalog/contract/task';

/** Bytes on their way, and the verdict on them. */
export interface DumpStream {
  /** File name of the object, below the backup's prefix. */
  readonly file: string;
  readonly kind: DataObject['kind'];
  readonly format: DataObject['format'];
  readonly databases: readonly string[];
  readonly bytes: Readable;
  /** Sees every chunk before it is compressed. Must be quick. */
  inspect(chunk: Buffer): void;
  /** What is being dumped at the moment, when known. */
  table(): string | undefined;
  /** Resolves when all of it was read and the tool ended well; rejects with a BackupError otherwise. */
  succeeded(): Promise<void>;
  /** Ends the tool and waits until it is gone. */
  stop(): Promise<void>;
}

/** What a finished dump can say of itself. */
export interface DumpFacts {
  readonly serverVersion: string;
  readonly toolVersion: string;
  readonly consistency: Consistency;
  readonly tables: readonly TableCount[];
  readonly rolePasswords?: boolean;
}

/** One dump of one source, from preflight to facts. */
export interface EngineDump {
  /** Connects, checks version and grants; throws a BackupError before the first byte if a complete dump is not possible. */
  preflight(): Promise<void>;
  /** The streams of the dump, each opened only when the one before has been consumed. */
  streams(): AsyncIterable<DumpStream>;
  /** After the last stream: versions, consistency and row counts. */
  facts(): Promise<DumpFacts>;
  /** Ends every connection and process and removes every file. Safe at any moment. */
  close(): Promise<void>;
}

/** What an engine is given. */
export interface EngineContext {
  readonly run: Run;
  readonly log: Log;
  /** A directory of this run alone, mode 0700, removed at its end. */
  readonly scratch: string;
  /** Aborted when the run must stop. */
  readonly signal: AbortSignal;
}

/** The context of an engine with a server: all parts are there, as reading the job has checked. */
export interface ServerContext extends EngineContext {
  readonly job: DumpJob;
  readonly server: ServerJob;
  readonly credentials: Credentials;
}

export function serverContext(context: EngineContext): ServerContext {
  const { job, credentials } = context.run;
  if (!job.server || !credentials) throw new Error(`job of engine ${job.engine} without a server`);
  return { ...context, job, server: job.server, credentials };
}
