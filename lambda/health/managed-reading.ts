import type { BackupClient } from '@aws-sdk/client-backup';
import { ResourceNotFoundException } from '@aws-sdk/client-backup';
import type { BackupFacts, ManagedSource } from '../../catalog/contract/alarms';
import type { RecoveryPoint } from '../../catalog/recovery-points';
import { isComplete, listRecoveryPoints } from '../../catalog/recovery-points';
import { errorText, HandlerError } from '../shared/errors';
import type { CatalogReading } from './catalog-reading';

/** Recovery points whose durations tell how long the next one may take. */
const HISTORY = 15;

/** Reads the recovery points of a resource as if they were a catalog: nobody tests them, and nothing is known of their content. */
export async function readRecoveryPoints(client: BackupClient, managed: ManagedSource): Promise<CatalogReading> {
  let points: RecoveryPoint[] = [];
  try {
    points = await listRecoveryPoints(client, managed);
  } catch (error) {
    // What a vault had is gone with it.
    if (!(error instanceof ResourceNotFoundException))
      throw new HandlerError(`could not list its recovery points: ${errorText(error)}`, { cause: error });
  }
  const complete = points.filter(({ status }) => isComplete(status)).slice(0, HISTORY);
  const [newest] = complete;
  return {
    ...(newest && { newest: factsOf(newest) }),
    ...(complete.length > 1 && { longestSeconds: Math.max(...complete.map(durationOf)) }),
    size: {},
    damaged: { count: 0, named: [] },
  };
}

const durationOf = ({ created, completed }: RecoveryPoint): number =>
  completed === undefined ? 0 : Math.max(0, Math.round((completed.getTime() - created.getTime()) / 1000));

const factsOf = (point: RecoveryPoint): Omit<BackupFacts, 'ageSeconds'> => ({
  id: point.arn.split(':').at(-1)!,
  time: point.created.toISOString(),
  bytes: point.bytes,
  uncompressedBytes: point.bytes,
  tables: 0,
  durationSeconds: durationOf(point),
  engine: `AWS Backup of ${point.type}`,
  engineVersion: '',
  recoveryPoint: point.arn,
});
