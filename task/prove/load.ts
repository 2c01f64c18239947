import { fileName } from '../../catalog/bucket/names';
import type { DataObject } from '../../catalog/bucket/manifest';
import type { Note } from '../../catalog/contract/note';
import type { RestoreDifference } from '../../catalog/contract/restore';
import { MAX_RESTORE_JOBS, type RestoreJob, type RestoreRequest } from '../../catalog/contract/task';
import type { ProofDifference } from '../../catalog/bucket/verdict';
import type { EngineRestore, RestoreContext, ScratchTarget } from '../../engines/engine';
import type { ObjectObserver } from '../restore/objects';
import { DumpSections } from './compare/sections';
import { RestoreDiffersError } from '../run/errors';
import type { ProofContext } from './context';

/** All that the tested objects hold, but what the server said of them. */
export const isData = ({ kind }: Pick<DataObject, 'kind'>): boolean => kind !== 'evidence';

/** Reads the sections of the backup's objects while a restore reads these. */
export class BackupSections extends DumpSections {
  private readonly read = new Set<string>();
  private readonly reading = new Set<string>();

  constructor(private readonly context: Pick<ProofContext, 'manifest' | 'sections'>) {
    super();
  }

  /** A reading of an object is seen, unless another one of it was seen to its end, or is just being seen. */
  observe(object: DataObject): ObjectObserver | undefined {
    const { key } = object;
    if (!isData(object) || this.read.has(key) || this.reading.has(key)) return undefined;
    this.reading.add(key);
    const reader = this.context.sections(object);
    return {
      see: (chunk) => reader.see(chunk),
      end: () => {
        this.read.add(key);
        this.add(fileName(key), reader);
      },
      close: () => void this.reading.delete(key),
    };
  }

  /** Objects that nobody has read to the end. */
  get unread(): readonly DataObject[] {
    return this.context.manifest.objects.filter((object) => isData(object) && !this.read.has(object.key));
  }
}

/** A restore that has loaded everything. */
export interface Loaded {
  /** What the engine's own restore found to be different. */
  readonly differences: readonly ProofDifference[];
  /** From the first byte read to the last statement. */
  readonly seconds: number;
}

/**
 * Restores the backup into the throw-away server, as it would be restored into any other.
 *
 * @param restores gets the restore before it begins: whoever stops the test must close it
 * @throws BackupError if anything fails
 */
export async function loadBackup(
  context: ProofContext,
  target: ScratchTarget,
  scratch: string,
  note: (note: Note) => void,
  restores: (restore: EngineRestore) => void,
): Promise<Loaded> {
  const { job, manifest, objects, access, log, signal, meter, cpus } = context;
  const restoreJob: RestoreJob = {
    ...{
      action: 'restore',
      source: job.source,
      engine: manifest.engine,
      bucket: job.bucket,
      scratchDirectory: scratch,
    },
    ...{ timeoutSeconds: job.timeoutSeconds, ...(target.server && { server: target.server }) },
    ...(target.file === undefined ? {} : { file: target.file }),
  };
  // What cannot be undone does no harm here: each object is read once.
  const request: RestoreRequest = {
    ...{ backupId: job.backupId, stream: true, jobs: Math.min(cpus, MAX_RESTORE_JOBS) },
  };
  const restoreContext: RestoreContext = {
    ...{ job: restoreJob, request, manifest, objects, access, log, note, scratch, signal, thrownAway: true },
    ...(target.credentials && { credentials: target.credentials }),
    loading: (table) => meter.loading(table),
  };
  const restore = context.engine.createRestore(restoreContext);
  restores(restore);
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  await restore.look();
  try {
    await restore.load();
  } catch (error) {
    // Some engines give their databases their names only when they were found right.
    if (!(error instanceof RestoreDiffersError)) throw error;
    return { differences: error.differences.map(asProofDifference), seconds: seconds() };
  }
  const loaded = seconds();
  meter.begin('checking');
  const { differences } = await restore.check();
  await restore.close();
  return { differences: differences.map(asProofDifference), seconds: loaded };
}

const asProofDifference = ({ object, kind, expected, found, said }: RestoreDifference): ProofDifference => ({
  ...{ check: kind === 'rows' ? 'rows' : kind === 'orphans' ? 'engine' : 'load', object, kind },
  ...(expected === undefined ? {} : { expected: String(expected) }),
  ...(found === undefined ? {} : { found: String(found) }),
  ...(said === undefined ? {} : { said }),
});
