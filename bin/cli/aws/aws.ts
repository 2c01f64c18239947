/** How the commands reach AWS, and what they say when AWS refuses. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Command } from 'commander';
import { CommandError } from '../print/output';

/** Which account and Region, in place of what the environment says. */
export interface AwsOptions {
  readonly region?: string;
  readonly profile?: string;
}

/** Adds the options of {@link AwsOptions} to a command. */
export const withAwsOptions = (command: Command): Command =>
  command
    .option('--region <name>', 'Region of the bucket; that of the profile or the environment when left out')
    .option('--profile <name>', 'profile of the AWS configuration; that of the environment when left out');

/** Clients, with the usual credentials of the environment. */
export class Aws {
  constructor(private readonly options: AwsOptions) {}

  s3(): S3Client {
    // Servers other than AWS are addressed by path.
    const custom = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    return new S3Client({ ...this.settings, forcePathStyle: custom !== undefined });
  }

  ssm(): SSMClient {
    return new SSMClient(this.settings);
  }

  ec2(): EC2Client {
    return new EC2Client(this.settings);
  }

  ecs(): ECSClient {
    return new ECSClient(this.settings);
  }

  scheduler(): SchedulerClient {
    return new SchedulerClient(this.settings);
  }

  logs(): CloudWatchLogsClient {
    return new CloudWatchLogsClient(this.settings);
  }

  /** @param functionName name or ARN: an ARN knows its Region */
  lambda(functionName: string): LambdaClient {
    const region = this.options.region ?? /^arn:[^:]+:lambda:([^:]+):/.exec(functionName)?.[1];
    return new LambdaClient({ ...this.settings, ...(region !== undefined && { region }) });
  }

  private get settings(): AwsOptions {
    // Not as undefined: it would hide what the environment says.
    const { region, profile } = this.options;
    return { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) };
  }
}

/** What of AWS a command wants, for the sentence when it does not get it. */
export interface Wish {
  /** What it does: `read the settings of bucket shop-backups`. */
  readonly doing: string;
  /** IAM action that it takes: `ssm:GetParametersByPath`. */
  readonly action: string;
}

/**
 * Asks AWS.
 *
 * @throws CommandError with a sentence, whatever AWS or the way to it had to say
 */
export async function ask<T>(wish: Wish, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, wish);
  }
}

/** What the clients throw, as far as it is looked at. */
interface ClientError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly Region?: string;
}

const EXPIRED = /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/;
const REJECTED =
  /^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure|InvalidSignatureException|InvalidToken)$/;
const DENIED = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|Forbidden|403)$/;
const REDIRECTED = /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|301)$/;

function explained(thrown: unknown, { doing, action }: Wish): unknown {
  if (!(thrown instanceof Error) || thrown instanceof CommandError) return thrown;
  // Of several addresses of one host each has an error of its own.
  const error = (thrown instanceof AggregateError ? (thrown.errors[0] as Error) : thrown) as ClientError;
  const { name, message } = error;
  if (/^Region is missing/.test(message)) {
    return new CommandError('no Region is known: give --region, or set AWS_REGION');
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') return withoutCredentials(message);
  if (EXPIRED.test(name)) {
    return new CommandError(`the credentials have expired (${name}): log in again, for example with aws sso login`);
  }
  if (REJECTED.test(name)) {
    return new CommandError(
      `AWS does not accept the credentials (${name}: ${message}): look at --profile and the AWS_ variables`,
    );
  }
  if (DENIED.test(name)) {
    return new CommandError(`not allowed to ${doing}: ${message}: it takes ${action}, see docs/cli.md`);
  }
  if (REDIRECTED.test(name)) {
    const region = error.$response?.headers?.['x-amz-bucket-region'] ?? error.Region;
    return new CommandError(
      `cannot ${doing}: the bucket is in another Region: give --region ${region ?? 'of the bucket'}`,
    );
  }
  if (name === 'NoSuchBucket') {
    return new CommandError(
      `cannot ${doing}: there is no such bucket: look at --bucket and at the account of the credentials`,
    );
  }
  if (name === 'ResourceNotFoundException') {
    return new CommandError(
      `cannot ${doing}: there is none: look at --region and the account, or deploy its stack again`,
    );
  }
  if (error.$metadata?.httpStatusCode !== undefined) return new CommandError(`cannot ${doing}: ${name}: ${message}`);
  if (error.$metadata !== undefined || error.code !== undefined) {
    return new CommandError(`cannot ${doing}: AWS was not reached: ${message}: look at the network and --region`);
  }
  return thrown;
}

function withoutCredentials(message: string): CommandError {
  if (/expired|aws sso login/i.test(message)) return new CommandError(`the credentials have expired: ${message}`);
  if (/Could not load credentials from any providers/.test(message)) {
    return new CommandError(
      'no credentials of AWS were found: look at --profile and AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  return new CommandError(`no credentials of AWS: ${message}: look at --profile and the AWS configuration`);
}
