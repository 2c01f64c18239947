import type { S3Client } from '@aws-sdk/client-s3';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { METRICS } from '../../catalog/contract/task';
import type { PruneReport, PruneRequest, SourceReport } from '../../catalog/contract/handlers';
import { sourceNameFault } from '../../catalog/bucket/names';
import { errorText, HandlerError } from '../shared/errors';
import { conclude, logFailure, problemsOf } from '../shared/report';
import { isScheduled } from '../shared/request';
import type { SendPruned } from '../shared/send-pruned';
import type { ReadSettings } from '../shared/settings';
import { readSettings } from '../shared/settings';
import { PruneBucket } from './prune-bucket';
import { pruneSource } from './prune-source';

/** The clients and settings of a prune function. */
export interface PruneContext {
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly bucket: string;
  /** Name of the parameter with its own settings. */
  readonly settings: string;
  readonly hasTime: () => boolean;
  /** Sends the report of a scheduled run to the notify function; left out if no alarms watch. */
  readonly send?: SendPruned | undefined;
}

/**
 * Prunes the sources that the settings name, one after the other. A failure with one stops none of the others, and is in
 * the report.
 *
 * @throws HandlerError if nothing could be done
 */
export async function prune(request: PruneRequest, context: PruneContext): Promise<PruneReport> {
  const report = await pruneSources(request, context).catch((error: unknown) => {
    if (isScheduled(request)) logFailure(error, context.bucket, METRICS.bucket);
    throw error;
  });
  return conclude(report, request, METRICS.bucket, context.send);
}

async function pruneSources(request: PruneRequest, context: PruneContext): Promise<PruneReport> {
  const { s3, ssm, bucket: name, hasTime } = context;
  const { dryRun = false, source: only, confirmed } = request;
  if (confirmed && only === undefined) {
    throw new HandlerError('confirmed ids need their source: give it in source; nothing was done');
  }
  const found = await readSettings(ssm, name, context.settings);
  const { own, others } = found;
  if (only !== undefined && !Object.hasOwn(own.sources, only)) {
    const names = Object.keys(own.sources).join(', ') || 'none';
    throw new HandlerError(`source ${only} is not managed here, got sources: ${names}: nothing was done`);
  }
  const bucket = new PruneBucket(s3, name, hasTime);
  const folders = await rootFolders(bucket);
  const versioned = await bucket.isVersioned().catch((error: unknown) => {
    throw new HandlerError(
      `could not look at the versioning of the bucket ${name}: ${errorText(error)}: nothing was done`,
    );
  });
  if (!versioned) {
    throw new HandlerError(
      `the bucket ${name} keeps no versions, so that nothing could be brought back: nothing was done; enable versioning`,
    );
  }
  const unmanaged = only === undefined ? await unmanagedFolders(bucket, found, folders) : [];
  const sources: SourceReport[] = [];
  for (const source of only === undefined ? Object.keys(own.sources) : [only]) {
    const other = others.get(source);
    if (other !== undefined) sources.push(managedTwice(source, other));
    else sources.push(await pruneSource({ bucket, settings: own, request }, source));
  }
  return { of: name, dryRun, sources, unmanaged, problems: problemsOf(sources) };
}

/** The first request of a run: with its answer S3 also tells the time. */
async function rootFolders(bucket: PruneBucket): Promise<string[]> {
  const folders = await bucket.store.folders().catch((error: unknown) => {
    throw new HandlerError(`could not list the bucket ${bucket.name}: ${errorText(error)}: nothing was done`);
  });
  if (!bucket.clock.isSet) throw new HandlerError('S3 does not tell the time in its answers: nothing was done');
  return folders;
}

/** Two retentions: the shorter one would win, so neither is applied. */
const managedTwice = (source: string, other: string): SourceReport => ({
  source,
  kept: 0,
  deleted: 0,
  bytesFreed: 0,
  held: 0,
  damaged: [],
  leftovers: 0,
  errors: [`the settings ${other} manage it as well: nothing of it is deleted; take it out of one of the two stacks`],
});

async function unmanagedFolders(
  bucket: PruneBucket,
  { own, others }: ReadSettings,
  folders: readonly string[],
): Promise<string[]> {
  const unmanaged: string[] = [];
  for (const folder of folders) {
    if (Object.hasOwn(own.sources, folder) || others.has(folder) || sourceNameFault(folder) !== undefined) continue;
    if (await bucket.holdsBackups(folder)) unmanaged.push(folder);
  }
  return unmanaged;
}
