import { createS3Client } from '../../../task/io/s3';
import { putNewObject } from '../../../task/io/put';
import { SmallS3, type Refusal } from '../../support/small-s3';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-111122223333';
const TARGET = { bucket: 'b', key: 'shop/id/a.zst', keyArn: KEY };

let s3: SmallS3;
beforeAll(async () => {
  s3 = await SmallS3.start();
  Object.assign(process.env, s3.environment);
});
afterAll(() => s3.stop());

/** The error of a put that S3 refuses. */
async function failure(refusal: Refusal): Promise<unknown> {
  s3.rule = () => refusal;
  const client = createS3Client();
  try {
    return await putNewObject(client, TARGET, Buffer.from('hello'), 'text/plain').catch((error: unknown) => error);
  } finally {
    client.destroy();
  }
}

const DENIED = 'User: arn:aws:sts::111122223333:assumed-role/T/1 is not authorized to perform:';
test.each<[NonNullable<Refusal>, string, string, string | undefined]>([
  [{ status: 403, code: 'AccessDenied' }, 's3-refused', 'check that the task role may put objects', undefined],
  [
    { status: 403, code: 'AccessDenied', message: `${DENIED} kms:GenerateDataKey on resource: ${KEY}` },
    ...(['key-denied', 'check that the task role may put objects', KEY] as const),
  ],
  [
    { status: 400, code: 'KMS.DisabledException', message: `${KEY} is disabled.` },
    ...(['key-unusable', "check the state of the bucket's KMS key: it must be enabled", KEY] as const),
  ],
  [{ status: 404, code: 'NoSuchBucket' }, 'bucket-missing', 'check that the bucket exists and', undefined],
  [{ status: 301, code: 'PermanentRedirect' }, 'bucket-missing', 'check that the bucket exists and', undefined],
  [{ status: 400, code: 'EntityTooLarge' }, 's3-refused', 'look up this error code of S3', undefined],
  [{ status: 500, code: 'InternalError' }, 's3-failed', 'S3 did not recover within five tries', undefined],
])('%j has its reason, and says what to do', async (refusal, kind, advice, key) => {
  const said = `${refusal.code}: ${refusal.message ?? 'injected'}`;
  const error = await failure(refusal);
  expect(error).toMatchObject({ exit: 'uploadFailed', reason: { kind, said } });
  expect((error as { reason: object }).reason).toEqual({ kind, said, ...(key === undefined ? {} : { key }) });
  expect((error as Error).message).toMatch(`could not put shop/id/a.zst into bucket b: ${said} (${advice}`);
});

test('an S3 that does not answer was not reached', async () => {
  const { AWS_ENDPOINT_URL } = process.env;
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
  try {
    expect(await failure(undefined)).toMatchObject({
      ...{ exit: 'uploadFailed', message: expect.stringContaining('(no answer came: check the route to S3') },
      reason: { kind: 's3-not-reached', said: expect.stringContaining('ECONNREFUSED') },
    });
  } finally {
    process.env.AWS_ENDPOINT_URL = AWS_ENDPOINT_URL;
  }
});
