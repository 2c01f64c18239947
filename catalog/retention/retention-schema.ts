import * as z from 'zod';
import type { RetentionPolicy } from './retention-policy';
import { retentionFault, WEEK_STARTS } from './retention-policy';

const count = z.number().optional();

/** A retention in settings. Strict: a rule that this version does not know would keep backups that it then deletes. */
export const retentionSchema: z.ZodType<RetentionPolicy> = z
  .strictObject({
    keepLast: z.number(),
    keepForSeconds: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    forever: z.boolean().optional(),
    timeZone: z.string(),
    weekStart: z.enum(WEEK_STARTS),
  })
  .superRefine((policy, context) => {
    const fault = retentionFault(policy);
    if (fault !== undefined) context.addIssue(fault);
  });
