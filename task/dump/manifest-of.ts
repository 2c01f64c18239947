import { readRecipient } from '../../catalog/age/recipients';
import {
  MANIFEST_FORMAT,
  ManifestError,
  manifestText,
  type DataObject,
  type Manifest,
} from '../../catalog/bucket/manifest';
import { noteRecord, type Note } from '../../catalog/contract/note';
import type { DumpOptions, FilesJob } from '../../catalog/contract/task';
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
    ...(job.server && { options: optionsOf(job.server) }),
    ...(job.files && { options: copied({ include: job.files.include, exclude: job.files.exclude }) }),
    ...(job.encryptTo && { encryption: encryptionOf(job.encryptTo) }),
    ...(facts.repository && { repository: facts.repository }),
    ...(job.expectations && { expectations: [...job.expectations] }),
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

/** What a restore test dumps with, too. */
const optionsOf = ({ databases, schemas, excludeSchemas, excludeCollections, extraDumpArguments }: DumpOptions) =>
  copied({ databases, schemas, excludeSchemas, excludeCollections, extraDumpArguments });

const encryptionOf = (recipients: readonly string[]): Manifest['encryption'] => ({
  format: 'age',
  recipients: recipients.map(readRecipient).map(({ type, fingerprint }) => ({ type, fingerprint })),
});

/** Lists that are given. */
const copied = (lists: DumpOptions & Pick<FilesJob, 'include' | 'exclude'>): NonNullable<Manifest['options']> =>
  Object.fromEntries(Object.entries(lists).flatMap(([name, list]) => (list ? [[name, [...list]]] : [])));
