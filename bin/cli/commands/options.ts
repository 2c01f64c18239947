/** Options that commands share, and how their values are read. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { backupIdTime, sourceNameFault } from '../../../catalog/bucket/names';
import type { Aws, AwsOptions } from '../aws/aws';
import { bucketOfStack } from '../aws/stack-bucket';
import { UsageError } from '../errors';

/** Environment variable that names the bucket. */
export const BUCKET_VARIABLE = 'PROVEN_BACKUPS_BUCKET';

/** The bucket, by its name or by its stack, besides {@link AwsOptions}. */
export interface BucketOptions extends AwsOptions {
  readonly bucket?: string;
  readonly stack?: string;
}

/**
 * Adds the options of {@link BucketOptions}, without {@link AwsOptions}.
 *
 * @param purpose describes `--bucket`: `bucket of the backups`
 */
export const withBucketOptions = (command: Command, purpose: string): Command =>
  command
    .option('--bucket <name>', `${purpose} (required, or --stack, or ${BUCKET_VARIABLE})`, readBucket)
    .addOption(
      new Option('--stack <name>', 'CloudFormation stack of the bucket, in place of --bucket').conflicts('bucket'),
    );

/** Adds the options of {@link AwsOptions}. */
export const withAwsOptions = (command: Command): Command =>
  command
    .option('--region <name>', 'Region of the bucket; by default that of the profile or the environment')
    .option('--profile <name>', 'profile of the AWS configuration; by default that of the environment');

/** Whether a bucket is given: by an option or by the environment. */
const hasBucket = ({ bucket, stack }: BucketOptions): boolean =>
  bucket !== undefined || stack !== undefined || Boolean(process.env[BUCKET_VARIABLE]);

/**
 * Refuses a command without a bucket.
 *
 * @param otherwise other ways: `, or --only-snapshots`
 * @throws UsageError
 */
export function requireBucket(options: BucketOptions, otherwise = ''): void {
  if (hasBucket(options)) return;
  throw new UsageError(`no bucket given: use --bucket or --stack, set ${BUCKET_VARIABLE}${otherwise}`);
}

/**
 * The bucket: of an option, or else of the environment.
 *
 * @throws UsageError if there is none
 * @throws CommandError if the stack does not name it
 */
export async function bucketOf(options: BucketOptions, aws: Aws): Promise<string> {
  requireBucket(options);
  const { bucket, stack } = options;
  if (stack !== undefined) return bucketOfStack(aws.cloudFormation(), stack);
  return bucket ?? readName(process.env[BUCKET_VARIABLE]!, BUCKET_VARIABLE);
}

/** @throws UsageError */
const readBucket = (text: string): string => readName(text, '--bucket');

function readName(text: string, what: string): string {
  if (/^[\w.-]{3,255}$/.test(text)) return text;
  throw new UsageError(
    `${what} must be the name of a bucket, such as shop-backups, got: ${JSON.stringify(text)}: leave out s3:// and folders`,
  );
}

/** @throws UsageError */
export function readSource(text: string): string {
  const wrong = sourceNameFault(text);
  if (wrong !== undefined) throw new UsageError(wrong);
  return text;
}

/** @throws UsageError */
export function readBackup(text: string): string {
  if (backupIdTime(text)) return text;
  throw new UsageError(`backup must be an id such as 2026-11-20T02-00-00Z, got: ${text}`);
}

/** @throws UsageError */
export function readTime(text: string): Date {
  const time = new Date(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text) ? `${text}Z` : text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new UsageError(`--at must be a time in UTC, such as 2026-11-20T02:00, got: ${JSON.stringify(text)}`);
}

/** Options and their values as words of a command, without those that were not given. */
export const optionWords = (values: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
