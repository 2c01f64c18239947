import * as z from 'zod';
import type { DeletedReport, UndeleteReport, UndeleteRequest } from '../../catalog/contract/handlers';
import { HANDLER_ENV } from '../../catalog/contract/handlers';
import { s3Client } from '../shared/clients';
import { environment } from '../shared/context';
import { HandlerError } from '../shared/errors';
import { logLine } from '../shared/log';
import { parseRequest } from '../shared/request';
import { listDeleted, undelete } from './undelete';

const MAX_SECONDS = 10 * 366 * 86_400;

const undeleteRequest = z.strictObject({
  source: z.string().optional(),
  id: z.string().optional(),
  keepForSeconds: z.int().min(3600).max(MAX_SECONDS).optional(),
  dryRun: z.boolean().optional(),
});

/** Lists the backups that can be brought back, or brings one back. */
export async function handler(event: unknown): Promise<DeletedReport | UndeleteReport> {
  const request = parseRequest<UndeleteRequest>(undeleteRequest, event);
  const bucket = environment(HANDLER_ENV.bucket);
  const { source, id } = request;
  if (id === undefined) return listDeleted(s3Client(), bucket, source);
  if (source === undefined) throw new HandlerError(`source must be given with the id ${id}, got: none`);
  const report = await undelete({ ...request, source, id }, s3Client(), bucket);
  if (!request.dryRun) {
    const { restored } = report;
    const message = `brought back ${source}/${id}: it is kept until ${restored.keptUntil}`;
    logLine('info', 'undeleted', message, { of: bucket, ...restored });
  }
  return report;
}
