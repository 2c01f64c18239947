import * as z from 'zod';
import type { CommonReason } from '../../catalog/contract/failure';
import {
  ENV,
  READ_PREFERENCES,
  TRIGGERS,
  type DumpJob,
  type Expectation,
  type FilesJob,
  type JobDocument,
  type MaintainJob,
  type ProveJob,
  type RepositoryJob,
  type RestoreJob,
  type RestoreRequest,
  type RowDigestsJob,
  type Trigger,
} from '../../catalog/contract/task';
import { dumpArgumentFault } from '../../engines/dump-arguments';
import type { ServerUri } from '../../engines/engine-facts';
import { engines, findEngine, type EngineFacts } from '../../engines/facts';
import { readRecipient } from '../../catalog/age/recipients';
import { sourceNameFault } from '../../catalog/bucket/names';
import { readCredentials, readServerUri, fault, type Credentials } from './credentials';
import { backupIdSchema, requestSchema } from './restore-request';

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

const member = { host: z.string().min(1), port: z.coerce.number().int().min(1).max(65535) };

const address = z.strictObject({
  ...member,
  tls,
  members: z.array(z.strictObject(member)).optional(),
  srv: z.boolean().optional(),
  replicaSet: z.string().min(1).optional(),
  authSource: z.string().min(1).optional(),
});

const server = address.extend({
  databases: names.min(1).optional(),
  excludeDatabases: names.optional(),
  schemas: names.min(1).optional(),
  excludeSchemas: names.optional(),
  excludeCollections: names.optional(),
  readPreference: z.enum(READ_PREFERENCES).optional(),
  extraDumpArguments: z.array(z.string()).optional(),
});

const rowDigests: z.ZodType<RowDigestsJob> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('share'), share: z.number().positive() }),
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('up-to'), bytes: z.number().nonnegative() }),
]);

const globs = z.array(z.string().min(1));
const files: z.ZodType<FilesJob> = z.strictObject({
  ...{ include: globs.min(1).optional(), exclude: globs.optional() },
  ...{ allowUnreadable: globs.optional(), sqlite: globs.optional() },
});

const repository: z.ZodType<RepositoryJob> = z.strictObject({
  bucket: z.string().min(1),
  secret: z.string().min(1).optional(),
});

const question = { statement: z.string().min(1), database: z.string().min(1).optional() };
const expectation: z.ZodType<Expectation> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('equals'), ...question, value: z.string() }),
  z.strictObject({ kind: z.literal('at-least'), ...question, value: z.number() }),
  z.strictObject({ kind: z.literal('tables'), value: z.number().int().nonnegative() }),
]);

const recipient = z.string().superRefine((text, context) => {
  try {
    readRecipient(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message, input: undefined });
  }
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
    files: files.optional(),
    repository: repository.optional(),
    rowDigests: rowDigests.optional(),
    expectations: z.array(expectation).optional(),
    encryptTo: z.array(recipient).min(1).optional(),
  })
  .superRefine((job, context) => {
    const demand = demandOf(context);
    const facts = demandParts(job, demand);
    const { engine, repository, encryptTo } = job;
    demand('repository', repository && engine !== 'files' ? `is for the engine files, got: ${engine}` : undefined);
    demand('encryptTo', repository && encryptTo ? 'must be left out with a repository' : undefined);
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

const proveJobSchema: z.ZodType<ProveJob> = z
  .strictObject({
    action: z.literal('prove'),
    source: z.string(),
    backupId: backupIdSchema,
    bucket: z.string().min(1),
    keyArn: z.string().min(1),
    timeoutSeconds: z.number().positive(),
    scratchDirectory: z.string().startsWith('/'),
    store: z.enum(['if-allowed', 'never']).optional(),
  })
  .superRefine(({ source }, context) => demandOf(context)('source', sourceNameFault(source)));

const maintainJobSchema: z.ZodType<MaintainJob> = z
  .strictObject({
    ...{ action: z.literal('maintain'), source: z.string(), bucket: z.string().min(1), repository },
    ...{ timeoutSeconds: z.number().positive(), scratchDirectory: z.string().startsWith('/') },
  })
  .superRefine(({ source }, context) => demandOf(context)('source', sourceNameFault(source)));

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

/** The inputs of one restore. */
export interface RestoreInputs {
  readonly job: RestoreJob;
  readonly request: RestoreRequest;
  /** Text of private keys. */
  readonly identity?: string;
  /** The key of its repository. */
  readonly repositoryKey?: string;
  /** Engines with a server only. */
  readonly credentials?: Credentials;
}

/** The inputs of one maintenance. */
export interface MaintainInputs {
  readonly job: MaintainJob;
  /** The key of the repository. */
  readonly repositoryKey: string | undefined;
}

/** The inputs of one run. */
export interface RunInputs {
  readonly job: DumpJob;
  /** Engines with a server only. */
  readonly credentials?: Credentials;
  readonly trigger: Trigger;
  /** The key of its repository. */
  readonly repositoryKey?: string;
  /** The time for which the schedule started the run. */
  readonly scheduledTime?: Date;
  readonly scheduleArn?: string;
}

/**
 * Reads a run from its environment.
 *
 * @throws BackupError `configuration`, naming the variable, the value got, what is allowed and how to fix it
 */
export function readRun(env: NodeJS.ProcessEnv): RunInputs {
  const { job, credentials } = readJob(env, jobSchema);
  const scheduledTime = readScheduledTime(env[ENV.scheduledTime]);
  const scheduleArn = contextAttribute(env[ENV.scheduleArn]);
  const { [ENV.repositoryKey]: repositoryKey } = env;
  return {
    job,
    trigger: readTrigger(env[ENV.trigger]),
    ...(credentials && { credentials }),
    ...(repositoryKey === undefined ? {} : { repositoryKey }),
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
  const { job, credentials } = readJob(env, restoreJobSchema);
  const request = readDocument(env, ENV.restore, requestSchema, 'variable-invalid');
  const { [ENV.identity]: identity, [ENV.repositoryKey]: repositoryKey } = env;
  return {
    ...{ job, request, ...(credentials && { credentials }) },
    ...{ ...(identity === undefined ? {} : { identity }), ...(repositoryKey === undefined ? {} : { repositoryKey }) },
  };
}

/**
 * Reads a restore test from its environment.
 *
 * @throws BackupError `configuration`, as {@link readRun} does
 */
export const readProve = (env: NodeJS.ProcessEnv): ProveJob =>
  readDocument(env, ENV.job, proveJobSchema, 'job-invalid');

/**
 * Reads a maintenance from its environment.
 *
 * @throws BackupError `configuration`, as {@link readRun} does
 */
export const readMaintain = (env: NodeJS.ProcessEnv): MaintainInputs => ({
  job: readDocument(env, ENV.job, maintainJobSchema, 'job-invalid'),
  repositoryKey: env[ENV.repositoryKey],
});

/** Reads a job, and the credentials of its server: its address may be with them. */
function readJob<T extends DumpJob | RestoreJob>(
  env: NodeJS.ProcessEnv,
  schema: z.ZodType<T>,
): { readonly job: T; readonly credentials?: Credentials } {
  if (env[ENV.uri] === undefined) {
    const job = readDocument(env, ENV.job, schema, 'job-invalid');
    return { job, ...(job.server && { credentials: readCredentials(env) }) };
  }
  let uri: ServerUri | undefined;
  const job = readDocument(env, ENV.job, schema, 'job-invalid', (document) => {
    const { engine, server, action } = document as Exclude<JobDocument, MaintainJob>;
    uri = readServerUri(engine, env[ENV.uri]!, server?.tls);
    // A restore writes: it reads from the primary.
    const { readPreference, ...address } = uri.address;
    const from = action === 'dump' && readPreference ? { readPreference } : {};
    return { ...(document as object), server: { ...from, ...address, ...server } };
  });
  return { job, credentials: uri!.credentials };
}

function readDocument<T>(
  env: NodeJS.ProcessEnv,
  variable: string,
  schema: z.ZodType<T>,
  kind: CommonReason,
  complete: (document: unknown) => unknown = (document) => document,
): T {
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
  const result = schema.safeParse(complete(value));
  if (result.success) return result.data;
  const issues = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || (variable === ENV.restore ? 'request' : 'job')}: ${message}`,
  );
  throw fault(kind, variable, `environment variable ${variable} does not fit: ${issues.join('; ')}`);
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
