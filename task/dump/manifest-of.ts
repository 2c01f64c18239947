import {
  MANIFEST_FORMAT,
  ManifestError,
  manifestText,
  type DataObject,
  type Manifest,
} from '../../catalog/bucket/manifest';
import { noteRecord, type Note } from '../../catalog/contract/note';
import { partsLeftOut } from '../../engines/dump-arguments';
import type { DumpFacts } from '../../engines/engine';
import { findEngine } from '../../engines/facts';
import { version } from '../../package.json';
import { BackupError } from '../run/errors';
import type { RunInputs } from '../run/job';

/** A dump whose objects are stored. */
export interface StoredDump {
  readonly id: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly objects: readonly DataObject[];
  readonly facts: DumpFacts;
  readonly notes: readonly Note[];
}

/**
 * The text of the manifest of a dump.
 *
 * @throws BackupError `configuration` if it is too large, which is no defect of the program: the source has too many tables
 */
export function manifestTextOf({ job, trigger, scheduledTime, scheduleArn }: RunInputs, dump: StoredDump): string {
  const { facts, notes } = dump;
  const { dumpTool } = findEngine(job.engine)?.server ?? {};
  const leftOut = dumpTool && job.server ? partsLeftOut(dumpTool, job.server) : [];
  const manifest: Manifest = {
    formatVersion: MANIFEST_FORMAT,
    source: job.source,
    backupId: dump.id,
    engine: job.engine,
    serverVersion: facts.serverVersion,
    toolVersion: facts.toolVersion,
    programVersion: version,
    trigger,
    ...(scheduledTime ? { scheduledTime: scheduledTime.toISOString() } : {}),
    ...(scheduleArn === undefined ? {} : { scheduleArn }),
    startedAt: dump.startedAt.toISOString(),
    endedAt: dump.endedAt.toISOString(),
    consistency: facts.consistency,
    ...(facts.rolePasswords === undefined ? {} : { rolePasswords: facts.rolePasswords }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
    ...(notes.length === 0 ? {} : { notes: notes.map(noteRecord) }),
    objects: [...dump.objects],
    tables: [...facts.tables],
  };
  try {
    return manifestText(manifest);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new BackupError('configuration', error.message, { kind: 'manifest-too-large' }, { cause: error });
  }
}
