import { HANDLER_ENV, type PruneReport } from '../../catalog/contract/handlers';
import { s3Client, ssmClient } from '../shared/clients';
import { environment, hasTime, type LambdaContext } from '../shared/context';
import { parsePruneRequest } from '../shared/request';
import { prunedSender } from '../shared/send-pruned';
import { prune } from './prune';

const ssm = ssmClient();
const send = prunedSender('backups');

/** Prunes the backups of a bucket. */
export async function handler(event: unknown, context: LambdaContext): Promise<PruneReport> {
  return prune(parsePruneRequest(event), {
    // A new one a run: it carries the clock of the run.
    s3: s3Client(),
    ssm,
    bucket: environment(HANDLER_ENV.bucket),
    settings: environment(HANDLER_ENV.settings),
    hasTime: () => hasTime(context),
    send,
  });
}
