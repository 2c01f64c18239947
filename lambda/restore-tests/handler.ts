import * as z from 'zod';
import type { ProveReport, ProveRequest } from '../../catalog/contract/restore-tests';
import { RESTORE_TESTS_ENV } from '../../catalog/contract/restore-tests';
import { dynamoClient, ecsClient, s3Client, ssmClient } from '../shared/clients';
import { environment, hasTime, type LambdaContext } from '../shared/context';
import { parseRequest } from '../shared/request';
import { untestedSender } from './send-untested';
import { startTests } from './start-tests';

const clients = { dynamo: dynamoClient(), ecs: ecsClient(), ssm: ssmClient(), s3: s3Client() };
const send = untestedSender();

const request: z.ZodType<ProveRequest> = z.strictObject({
  source: z.string().optional(),
  backupId: z.string().optional(),
  dryRun: z.boolean().optional(),
});

/** Starts restore tests of the backups of a bucket. */
export async function handler(event: unknown, context: LambdaContext): Promise<ProveReport> {
  return startTests(parseRequest(request, event), {
    ...clients,
    settings: environment(RESTORE_TESTS_ENV.settings),
    memory: environment(RESTORE_TESTS_ENV.memory),
    hasTime: () => hasTime(context),
    now: new Date(),
    send,
  });
}
