import { z } from 'zod';
import type { CommonReason } from '../../catalog/contract/failure';
import {
  ENV,
  TRIGGERS,
  type DumpJob,
  type RestoreJob,
  type RestoreRequest,
  type Trigger,
} from '../../catalog/contract/task';
import { dumpArgumentFault } from '../../engines/dump-arguments';
import { engines, findEngine, type EngineFacts } from '../../engines/facts';
import { sourceNameFault } from '../../catalog/bucket/names';
import { BackupError } from './errors';
import { requestSchema } from './restore-request';

const names = z.array(
  z
    .string()
    .min(1)
    .refine((name) => !name.startsWith('-'), 'must not start with a hyphen'),
);

const tls = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('amazon-rds') }),
  z.strictObject({ mode: z.literal('public') }),
  z.strictObject({ mode: z.literal('certificate-authority'), pem: z.string().includes('BEGIN CERTIFICATE') }),
  z.strictObject({ mode: z.literal('off'), reason: z.string().min(1) }),
]);

const address = z.strictObject({
  host: z.string().min(1),
  port: z.coerce.number().int().min(1).max(65535),
  tls,
});

const server = address.extend({
  databases: names.min(1).optional(),
  excludeDatabases: names.optional(),
  schemas: names.min(1).optional(),
  excludeSchemas: names.optional(),
  extraDumpArguments: z.array(z.string()).optional(),
});

const jobSchema: z.ZodType<DumpJob> = z
  .strictObject({
    action: z.literal('dump'),
    source: z.string(),
    engine: z.string(),
    engineVersion: z.string().optional(),
    bucket: z.string().min(1),
    keyArn: z.string().min(1),
    compressionLevel: z.number().int().min(1).max(19),
    timeoutSeconds: z.number().positive(),
    lockLeaseSeconds: z.number().positive().optional(),
    scratchDirectory: z.string().startsWith('/'),
    server: server.optional(),
    file: z.string().startsWith('/').optional(),
  })
  .superRefine((job, context) => {
    const demand = demandOf(context);
    const facts = demandParts(job, demand);
    if (!facts?.server) return;
    demand('engineVersion', job.engineVersion === undefined ? `is required for the engine ${job.engine}` : undefined);
    const { extraDumpArguments = [] } = job.server ?? {};
    demand('server.extraDumpArguments', dumpArgumentFault(facts.server.dumpTool, extraDumpArguments));
  });

const restoreJobSchema: z.ZodType<RestoreJob> = z
  .strictObject({
    action: z.literal('restore'),
    source: z.string(),
    engine: z.string(),
    bucket: z.string().min(1),
    timeoutSeconds: z.number().positive(),
    scratchDirectory: z.string().startsWith('/'),
    server: address.optional(),
    file: z.string().startsWith('/').optional(),
  })
  .superRefine((job, context) => void demandParts(job, demandOf(context)));

type Demand = (path: string, fault: string | undefined) => void;

const demandOf =
  (context: z.core.$RefinementCtx): Demand =>
  (path, fault) => {
    if (fault !== undefined) context.addIssue({ code: 'custom', path: [path], message: fault, input: undefined });
  };

/** What the jobs of all actions must have; returns the facts of the engine. */
function demandParts(
  job: Pick<DumpJob, 'source' | 'engine' | 'file'> & { readonly server?: object },
  demand: Demand,
): EngineFacts | undefined {
  demand('source', sourceNameFault(job.source));
  const facts = findEngine(job.engine);
  if (!facts) {
    demand('engine', `must be one of ${[...engines().keys()].join(', ')}, got: ${JSON.stringify(job.engine)}`);
    return undefined;
  }
  const part = facts.server ? 'server' : 'file';
  demand(part, job[part] === undefined ? `is required for the engine ${job.engine}` : undefined);
  return facts;
}

/** User and password of the database. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The inputs of one restore. */
export interface RestoreInputs {
  readonly job: RestoreJob;
  readonly request: RestoreRequest;
  /** Engines with a server only. */
  readonly credentials?: Credentials;
}

/** The inputs of one run. */
export interface RunInputs {
  readonly job: DumpJob;
  /** Engines with a server only. */
  readonly credentials?: Credentials;
  readonly trigger: Trigger;
  /** The time for which the schedule started the run. */
  readonly scheduledTime?: Date;
  readonly scheduleArn?: string;
}

const fault = (kind: CommonReason, variable: string, message: string) =>
  new BackupError('configuration', message, { kind, object: variable });

/**
 * Reads a run from its environment.
 *
 * @throws BackupError `configuration`, naming the variable, the value got, what is allowed and how to fix it
 */
export function readRun(env: NodeJS.ProcessEnv): RunInputs {
  const job = readDocument(env, ENV.job, jobSchema, 'job-invalid');
  const scheduledTime = readScheduledTime(env[ENV.scheduledTime]);
  const scheduleArn = contextAttribute(env[ENV.scheduleArn]);
  return {
    job,
    trigger: readTrigger(env[ENV.trigger]),
    ...(job.server ? { credentials: readCredentials(env) } : {}),
    ...(scheduledTime ? { scheduledTime } : {}),
    ...(scheduleArn === undefined ? {} : { scheduleArn }),
  };
}

/**
 * Reads a restore from its environment.
 *
 * @throws BackupError `configuration`, as {@link readRun} does
 */
export function readRestore(env: NodeJS.ProcessEnv): RestoreInputs {
  const job = readDocument(env, ENV.job, restoreJobSchema, 'job-invalid');
  const request = readDocument(env, ENV.restore, requestSchema, 'variable-invalid');
  return { job, request, ...(job.server ? { credentials: readCredentials(env) } : {}) };
}

function readDocument<T>(env: NodeJS.ProcessEnv, variable: string, schema: z.ZodType<T>, kind: CommonReason): T {
  const text = env[variable];
  if (text === undefined)
    throw fault(
      kind,
      variable,
      variable === ENV.restore
        ? `environment variable ${variable} is not set: start this task by proven-backups restore, which sets it`
        : `environment variable ${variable} is not set: run this program through a task definition of cdk-proven-backups`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault(kind, variable, `environment variable ${variable} is not JSON: ${(error as Error).message}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || (variable === ENV.restore ? 'request' : 'job')}: ${message}`,
  );
  throw fault(kind, variable, `environment variable ${variable} does not fit: ${issues.join('; ')}`);
}

function readCredentials(env: NodeJS.ProcessEnv): Credentials {
  const read = (variable: string) => {
    const value = env[variable];
    if (value === undefined || value === '')
      throw fault(
        'variable-invalid',
        variable,
        `environment variable ${variable} is ${value === '' ? 'empty' : 'not set'}: the secret must hold the key that the task definition names for it`,
      );
    if (/[\r\n\0]/.test(value))
      throw fault(
        'variable-invalid',
        variable,
        `environment variable ${variable} holds a line break, which no option file can carry: store the value without it`,
      );
    return value;
  };
  return { username: read(ENV.username), password: read(ENV.password) };
}

function readTrigger(value: string | undefined): Trigger {
  if (value === undefined) return 'on-demand';
  const trigger = TRIGGERS.find((known) => known === value);
  if (!trigger)
    throw fault(
      'variable-invalid',
      ENV.trigger,
      `environment variable ${ENV.trigger} must be one of ${TRIGGERS.join(', ')}, got: ${JSON.stringify(value)}`,
    );
  return trigger;
}

/** A context attribute of EventBridge Scheduler; `undefined` if nothing has replaced its placeholder. */
const contextAttribute = (value: string | undefined): string | undefined =>
  value === undefined || value === '' || value.startsWith('<aws.scheduler.') ? undefined : value;

function readScheduledTime(value: string | undefined): Date | undefined {
  const text = contextAttribute(value);
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) || Number.isNaN(time.getTime()))
    throw fault(
      'variable-invalid',
      ENV.scheduledTime,
      `environment variable ${ENV.scheduledTime} must be an ISO 8601 time in UTC such as 2026-11-20T02:00:00Z, got: ${JSON.stringify(text)}`,
    );
  return time;
}
