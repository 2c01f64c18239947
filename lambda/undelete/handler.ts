import { z } from 'zod';
import { HANDLER_ENV, type UndeleteReport, type UndeleteRequest } from '../../catalog/contract/handlers';
import { s3Client } from '../shared/clients';
import { environment } from '../shared/context';
import { logLine } from '../shared/log';
import { parseRequest } from '../shared/request';
import { undelete } from './undelete';

const MAX_SECONDS = 10 * 366 * 86_400;

const undeleteRequest = z.strictObject({
  source: z.string(),
  id: z.string().optional(),
  keepForSeconds: z.int().min(3600).max(MAX_SECONDS).optional(),
  dryRun: z.boolean().optional(),
});

/** Says which backups of a source can be brought back, or brings one back. */
export async function handler(event: unknown): Promise<UndeleteReport> {
  const request = parseRequest<UndeleteRequest>(undeleteRequest, event);
  const bucket = environment(HANDLER_ENV.bucket);
  const report = await undelete(request, s3Client(), bucket);
  const { restored, source } = report;
  if (restored && !request.dryRun) {
    const message = `brought back ${source}/${restored.id}: it is kept until ${restored.keptUntil}`;
    logLine('info', 'undeleted', message, { of: bucket, source, ...restored });
  }
  return report;
}
