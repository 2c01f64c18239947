import { S3Client, S3ServiceException, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { CommonReason } from '../../catalog/contract/failure';
import { BackupError, errorCode, errorText } from '../run/errors';

export { ServerClock } from '../../catalog/bucket/server-clock';

/** Seconds without a byte after which a connection to S3 counts as dead. */
const IDLE_SECONDS = 60;

/**
 * Makes the S3 client. A custom endpoint (`AWS_ENDPOINT_URL`) is addressed by path, as S3-compatible servers expect.
 *
 * @param idleSeconds seconds without a byte after which a connection counts as dead
 * @param credentials where they are not those of the environment
 */
export function createS3Client(idleSeconds = IDLE_SECONDS, credentials?: S3ClientConfig['credentials']): S3Client {
  const custom = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const client = new S3Client({
    ...(credentials && { credentials }),
    forcePathStyle: custom !== undefined,
    maxAttempts: 5,
    // With it, every part would get a connection, a TLS handshake and a round trip of its own.
    expectContinueHeader: false,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 10_000, socketTimeout: idleSeconds * 1000 }),
    // What is large is compared with the SHA-256 of its manifest, while it is read.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  // TLS and the CRC32 of every part protect the bytes already: signing their SHA-256 too would cost a core.
  client.middlewareStack.add(
    (next, context) => (args) => {
      const request = args.request as { headers?: Record<string, string> };
      if (context.commandName === 'UploadPartCommand' && request.headers)
        request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedParts' },
  );
  return client;
}

/** The HTTP status of a refusal by S3; `undefined` when no answer came. */
export const httpStatus = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

/** Whether S3 answered that a condition (`If-Match`, `If-None-Match`) does not hold, now or because of a race. */
export const isConflict = (error: unknown): boolean => [409, 412].includes(httpStatus(error) ?? 0);

/** Turns a failure to write to S3 into a sentence that says what to do, and into facts. */
export const uploadError = (action: string, error: unknown): BackupError =>
  s3Error('uploadFailed', action, error, WRITING);

/** Turns a failure to read from S3 into a sentence that says what to do, and into facts. */
export const readError = (action: string, error: unknown): BackupError =>
  s3Error('downloadFailed', action, error, READING);

function s3Error(exit: 'uploadFailed' | 'downloadFailed', action: string, error: unknown, advice: Advice): BackupError {
  if (error instanceof BackupError) return error;
  const name =
    error instanceof S3ServiceException
      ? error.name
      : (errorCode(error) ?? (error as Error | undefined)?.name ?? 'Error');
  const said = `${name}: ${errorText(error)}`;
  const found = kindOf(name, said, httpStatus(error));
  const denied = found === 's3-refused' && httpStatus(error) === 403;
  const kind = denied && exit === 'downloadFailed' ? 'read-denied' : found;
  const key = KEY_ARN.exec(said)?.[0];
  return new BackupError(
    exit,
    `could not ${action}: ${said} (${denied ? advice.denied : advice[found]})`,
    { kind, ...(key === undefined ? {} : { key }), said },
    { cause: error },
  );
}

type S3Reason = Extract<
  CommonReason,
  'key-denied' | 'key-unusable' | 'bucket-missing' | 's3-not-reached' | 's3-failed' | 's3-refused'
>;
/** `denied` is for access to the bucket. */
type Advice = Readonly<Record<S3Reason | 'denied', string>>;

const MAY_WRITE =
  'check that the task role may put objects under its prefix and use the KMS key, and that no bucket, key, endpoint or organisation policy denies it';
const WRITING: Advice = {
  'key-denied': MAY_WRITE,
  denied: MAY_WRITE,
  'key-unusable': "check the state of the bucket's KMS key: it must be enabled",
  'bucket-missing': 'check that the bucket exists and that it is in the Region of the task',
  's3-not-reached':
    'no answer came: check the route to S3, such as a gateway endpoint or a NAT gateway, and the security group',
  's3-failed': 'S3 did not recover within five tries; the next run starts over',
  's3-refused': 'look up this error code of S3; the next run starts over',
};

const MAY_READ =
  'check that the role may get the objects of the source and decrypt by the KMS key, and that no bucket, key, endpoint or organisation policy denies it';
const READING: Advice = {
  ...WRITING,
  'key-denied': MAY_READ,
  denied: `it is not there, which S3 says in this way to a role that may not list the bucket, or it may not be read. See by proven-backups show whether it is there; if so, ${MAY_READ}`,
  'key-unusable':
    "check the state of the bucket's KMS key: enable it again, or cancel its deletion; without the key nobody can read the backup",
  's3-failed': 'S3 did not recover within five tries: run the same command again',
  's3-refused': 'look up this error code of S3',
};

const KEY_ARN = /\barn:[\w-]+:kms:[\w-]+:\d{12}:(?:key|alias)\/[\w/-]+/;
/** Errors of KMS, which S3 passes on: `KMS.DisabledException`, `KMS.NotFoundException`, `KMS.KMSInvalidStateException`. */
const KEY_ERROR = /^KMS\./;
/** A bucket that does not exist, or is in another Region. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const BUCKET_ERRORS = [
  'NoSuchBucket',
  'NotFound',
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
];

function kindOf(name: string, said: string, status: number | undefined): S3Reason {
  if (status === undefined) return 's3-not-reached';
  if (KEY_ERROR.test(name)) return name === 'KMS.AccessDeniedException' ? 'key-denied' : 'key-unusable';
  if (status === 403) return /\bkms:\w+/.test(said) ? 'key-denied' : 's3-refused';
  if (status >= 500 || status === 429) return 's3-failed';
  return BUCKET_ERRORS.includes(name) ? 'bucket-missing' : 's3-refused';
}
