import * as z from 'zod';
import { backupIdTime } from '../../catalog/bucket/names';
import { MAX_RESTORE_JOBS, type RestoreRequest } from '../../catalog/contract/task';

/** A rule, and the words for what breaks it. */
const must = (rule: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `must ${rule}, got: ${JSON.stringify(input)}`,
});

/** Names reach command lines of the engines' clients. */
const name = z
  .string()
  .min(1)
  .refine((text) => !text.startsWith('-'), must('not start with a hyphen'))
  .refine((text) => !text.includes('\0'), must('not have NUL characters'));

/** The form of the id of a backup. */
export const backupIdSchema = z
  .string()
  .refine((id) => backupIdTime(id) !== undefined, must('be the id of a backup, as 2026-11-20T02-00-00Z'));

/** The form of a {@link RestoreRequest}. */
export const requestSchema: z.ZodType<RestoreRequest> = z
  .strictObject({
    backupId: backupIdSchema,
    databases: z.array(name).min(1).optional(),
    tables: z.array(name).min(1).optional(),
    paths: z.array(name).min(1).optional(),
    as: name.optional(),
    overwrite: z.array(z.string().min(1)).min(1).optional(),
    safetyBackup: z
      .string()
      .refine((path) => path.startsWith('/'), must('be an absolute path'))
      .optional(),
    dryRun: z.boolean().optional(),
    stream: z.boolean().optional(),
    jobs: z.number().int().min(1).max(MAX_RESTORE_JOBS).optional(),
    definers: z
      .union(
        [z.strictObject({ create: z.literal(true) }), z.strictObject({ account: name })],
        must('be { "create": true } or { "account": "user@host" }'),
      )
      .optional(),
  })
  .superRefine(({ databases, tables, as, overwrite, safetyBackup }, context) => {
    const demand = (field: string, broken: boolean | undefined, message: string): void => {
      if (broken) context.addIssue({ code: 'custom', path: [field], message, input: undefined });
    };
    demand('tables', tables && databases !== undefined, 'cannot be given together with databases');
    demand('as', tables && as === undefined, 'is required with tables: they go beside the originals');
    demand('as', databases && databases.length > 1 && as !== undefined, 'names one database, not several');
    demand('safetyBackup', safetyBackup !== undefined && !overwrite, 'is for overwrite, which is not set');
  });
