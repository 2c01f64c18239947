import type { Evidence } from '../../catalog/bucket/evidence';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { ProveJob } from '../../catalog/contract/task';
import type { EngineProgram, RepositoryAccess, Sections } from '../../engines/engine';
import type { ReadMeter } from '../restore/meter';
import type { StoredObjects } from '../restore/objects';
import type { Log } from '../run/log';

/** A restore test whose engine and manifest are known. */
export interface ProofContext {
  readonly job: ProveJob;
  readonly manifest: Manifest;
  readonly engine: EngineProgram;
  /** Reads both dumps. */
  readonly sections: Sections;
  readonly objects: StoredObjects;
  readonly access: RepositoryAccess;
  /** What the server said when it was dumped; nothing in backups of older versions. */
  readonly evidence: Evidence | undefined;
  readonly log: Log;
  readonly meter: ReadMeter;
  readonly cpus: number;
  /** Aborted when the test must stop. */
  readonly signal: AbortSignal;
}
