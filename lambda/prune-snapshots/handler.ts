import { PRUNE_METRICS } from '../../catalog/contract/task';
import type { PruneReport } from '../../catalog/contract/handlers';
import type { LambdaContext } from '../shared/context';
import { hasTime } from '../shared/context';
import { conclude } from '../shared/report';
import { parsePruneRequest } from '../shared/request';
import { prunedSender } from '../shared/send-pruned';
import { Ec2Snapshots, ec2Client } from './ec2-snapshots';
import { pruneSnapshots } from './prune-snapshots';
import { readSnapshotSettings } from './settings';

const ec2 = new Ec2Snapshots(ec2Client());
const send = prunedSender('snapshots');

/** Prunes snapshots of volumes, by schedule or on demand. */
export async function handler(event: unknown, context: LambdaContext): Promise<PruneReport> {
  const request = parsePruneRequest(event);
  const run = { now: new Date(), hasTime: () => hasTime(context) };
  return conclude(await pruneSnapshots(ec2, readSnapshotSettings(), request, run), request, PRUNE_METRICS.tag, send);
}
