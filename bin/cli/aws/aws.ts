/** Clients of AWS, and a sentence for everything that AWS refuses. */
import { BackupClient } from '@aws-sdk/client-backup';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { CommandError } from '../errors';

/** Settings of clients, in place of those of the environment and of the SDK. */
export interface ClientSettings {
  readonly region?: string;
  readonly maxAttempts?: number;
  readonly requestHandler?: Readonly<Record<string, unknown>>;
}

/** Region and profile, in place of those of the environment; and settings of all clients. */
export interface AwsOptions {
  readonly region?: string;
  readonly profile?: string;
  readonly clients?: ClientSettings;
}

/** Credentials of the environment, which a profile replaces. */
const KEYS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** Clients, with the usual credentials of the environment. */
export class Aws {
  constructor(private readonly options: AwsOptions) {
    if (options.profile === undefined) return;
    process.env.AWS_PROFILE = options.profile;
    // As in the AWS CLI, --profile wins; the SDK would also warn of them.
    for (const key of KEYS) delete process.env[key];
  }

  cloudFormation(): CloudFormationClient {
    return new CloudFormationClient(this.settings);
  }

  s3(): S3Client {
    // Servers other than AWS are addressed by path.
    const custom = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    return new S3Client({ ...this.settings, forcePathStyle: custom !== undefined });
  }

  backup(): BackupClient {
    return new BackupClient(this.settings);
  }

  secrets(): SecretsManagerClient {
    return new SecretsManagerClient(this.settings);
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

  logs(): CloudWatchLogsClient {
    return new CloudWatchLogsClient(this.settings);
  }

  /**
   * A client that few commands need.
   *
   * @param settings of its own
   */
  client<C>(Client: new (settings: ClientSettings) => C, settings: ClientSettings = {}): C {
    return new Client({ ...this.settings, ...settings });
  }

  /** @param functionName name or ARN: an ARN knows its Region */
  lambda(functionName: string): LambdaClient {
    const region = this.options.region ?? /^arn:[^:]+:lambda:([^:]+):/.exec(functionName)?.[1];
    return new LambdaClient({ ...this.settings, ...(region !== undefined && { region }) });
  }

  private get settings(): ClientSettings {
    // Not as undefined: that would hide the value of the environment.
    const { region, clients } = this.options;
    return { ...clients, ...(region !== undefined && { region }) };
  }
}

/** A request to AWS, for the sentence in case it fails. */
export interface Wish {
  /** Completes "cannot …": `read the directory of bucket shop-backups`. */
  readonly doing: string;
  /** IAM action that it needs: `ssm:GetParametersByPath`. */
  readonly action: string;
}

/**
 * Asks AWS.
 *
 * @throws CommandError with a sentence for every failure of AWS, or on the way to it
 */
export async function ask<T>(wish: Wish, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, wish);
  }
}

/** What AWS answers, or why it does not: for what is worth less than all else that a command shows. */
export async function answerOrFault<T>(wish: Wish, work: () => Promise<T>): Promise<T | CommandError> {
  try {
    return await ask(wish, work);
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}

/** An error that a client throws, as far as it matters here. */
interface ClientError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly Region?: string;
}

const EXPIRED = /^(ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired)$/;
const REJECTED =
  /^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure|InvalidSignatureException|InvalidToken)$/;
const DENIED = /^(AccessDenied(Exception)?|AuthorizationError(Exception)?|UnauthorizedOperation|Forbidden|403)$/;
const REDIRECTED = /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|301)$/;

/** Whether AWS does not allow a request. */
export const isDenied = (error: unknown): boolean => error instanceof Error && DENIED.test(error.name);

/** Whether a request may have had its effect, although its answer is an error. */
export function isUnanswered(error: Error): boolean {
  const { name, code = '', $metadata } = error as ClientError;
  return (
    ($metadata?.httpStatusCode ?? 0) >= 500 || /^(ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code) || name === 'TimeoutError'
  );
}

/** The error with a sentence for it; as it is, if it is none of AWS. */
export function explained(thrown: unknown, { doing, action }: Wish): unknown {
  if (!(thrown instanceof Error) || thrown instanceof CommandError) return thrown;
  // Each address of a host has an error of its own.
  const error = (thrown instanceof AggregateError ? (thrown.errors[0] as Error) : thrown) as ClientError;
  const { name, message } = error;
  if (/^Region is missing/.test(message)) {
    return new CommandError('no Region given: use --region, or set AWS_REGION');
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') return withoutCredentials(message);
  if (EXPIRED.test(name)) {
    return new CommandError(`the credentials have expired (${name}): log in again, for example with aws sso login`);
  }
  if (REJECTED.test(name)) {
    return new CommandError(
      `AWS does not accept the credentials (${name}: ${message}): check --profile and the AWS_ variables`,
    );
  }
  if (isDenied(error)) {
    return new CommandError(`not allowed to ${doing}: ${message}: this needs ${action}, see docs/cli.md`);
  }
  if (REDIRECTED.test(name)) {
    const region = error.$response?.headers?.['x-amz-bucket-region'] ?? error.Region;
    return new CommandError(
      `cannot ${doing}: the bucket is in another Region: use --region ${region ?? '<its Region>'}`,
    );
  }
  if (name === 'NoSuchBucket') {
    return new CommandError(`cannot ${doing}: no such bucket: check --bucket and the account of the credentials`);
  }
  if (name === 'ResourceNotFoundException') {
    return new CommandError(
      `cannot ${doing}: it does not exist: check --region and the account, or deploy its stack again`,
    );
  }
  if (error.$metadata?.httpStatusCode !== undefined) return new CommandError(`cannot ${doing}: ${name}: ${message}`);
  if (error.$metadata !== undefined || error.code !== undefined) {
    return new CommandError(`cannot ${doing}: AWS was not reached: ${message}: check the network and --region`);
  }
  return thrown;
}

function withoutCredentials(message: string): CommandError {
  if (/expired|aws sso login/i.test(message)) return new CommandError(`the credentials have expired: ${message}`);
  if (/Could not load credentials from any providers/.test(message)) {
    const { AWS_PROFILE: profile } = process.env;
    if (profile) {
      return new CommandError(
        `profile ${profile} has no AWS credentials: check its name with aws configure list-profiles`,
      );
    }
    return new CommandError(
      'no AWS credentials found: check --profile and AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  return new CommandError(`no AWS credentials: ${message}: check --profile and the AWS configuration`);
}
