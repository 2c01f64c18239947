import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { BackupError, errorCode, errorText } from '../run/errors';

export { ServerClock } from '../../catalog/bucket/server-clock';

/** Seconds without a byte after which a connection to S3 counts as dead. */
const IDLE_SECONDS = 60;

/** Makes the S3 client. A custom endpoint (`AWS_ENDPOINT_URL`) is addressed by path, as S3-compatible servers expect. */
export function createS3Client(): S3Client {
  const custom = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const client = new S3Client({
    forcePathStyle: custom !== undefined,
    maxAttempts: 5,
    // With it, every part would get a connection, a TLS handshake and a round trip of its own.
    expectContinueHeader: false,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 10_000, socketTimeout: IDLE_SECONDS * 1000 }),
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

/** Turns a failure of S3 into a sentence with what to do. */
export function uploadError(action: string, error: unknown): BackupError {
  if (error instanceof BackupError) return error;
  const status = httpStatus(error);
  const name =
    error instanceof S3ServiceException
      ? error.name
      : (errorCode(error) ?? (error as Error | undefined)?.name ?? 'Error');
  return new BackupError('uploadFailed', `could not ${action}: ${name}: ${errorText(error)} (${advice(status)})`, {
    cause: error,
  });
}

function advice(status: number | undefined): string {
  if (status === 403)
    return 'check that the task role may put objects under its prefix and use the KMS key, and that no bucket, key, endpoint or organisation policy denies it';
  if (status === 404) return 'check that the bucket exists and that it is in the Region of the task';
  if (status === 301 || status === 400) return 'check that the bucket is in the Region of the task';
  if (isTransient(status)) return 'S3 did not recover within five tries; the next run starts anew';
  if (status !== undefined) return 'look this answer of S3 up; the next run starts anew';
  return 'no answer came: check the route to S3, such as a gateway endpoint or a NAT gateway, and the security group';
}

const isTransient = (status: number | undefined) => status !== undefined && (status >= 500 || status === 429);
