import { arnOf } from './deployed';
import type { DeployedPolicies } from './deployed';
import { access, keyAccesses } from './access';
import type { Access } from './policy';
import type { AwsRequest } from './request';

/** An object that a request names, as S3 checks it. */
interface Named {
  readonly bucket: string;
  readonly key: string;
  readonly version?: string;
}

/** Action and resource by the sub-resource in the query of a request for a bucket. */
const OF_BUCKETS: Readonly<Record<string, string>> = {
  versions: 's3:ListBucketVersions',
  uploads: 's3:ListBucketMultipartUploads',
  versioning: 's3:GetBucketVersioning',
  'object-lock': 's3:GetBucketObjectLockConfiguration',
  lifecycle: 's3:GetLifecycleConfiguration',
};

/** Bucket and key of a request by path. */
export function named({ path, query }: Pick<AwsRequest, 'path' | 'query'>): Named {
  const [, bucket = '', ...key] = path.split('/');
  const version = query.get('versionId') ?? undefined;
  return { bucket, key: key.join('/'), ...(version === undefined ? {} : { version }) };
}

/** Whether a request deletes several objects. */
export const isBatch = ({ service, operation, query }: AwsRequest): boolean =>
  service === 's3' && operation === 'POST' && query.has('delete');

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
export function s3Accesses(request: AwsRequest, deployed: DeployedPolicies): Access[] {
  const { operation: method, query, headers, input } = request;
  const { bucket, key } = named(request);
  if (isBatch(request)) return keysToDelete(String(input.body)).flatMap((one) => deletion({ bucket, ...one }, headers));
  if (key === '') return bucketAccesses(method, query, bucket);
  return objectAccesses(request, deployed);
}

function bucketAccesses(method: string, query: URLSearchParams, bucket: string): Access[] {
  const sub = Object.keys(OF_BUCKETS).find((name) => query.has(name));
  if (!['GET', 'HEAD'].includes(method)) throw new Error(`unknown request of a bucket: ${method} ${query}`);
  const prefix = query.get('prefix');
  const context: Access['context'] = prefix === null ? {} : { 's3:prefix': prefix };
  return [access(sub === undefined ? 's3:ListBucket' : OF_BUCKETS[sub]!, arnOf('s3', bucket), context)];
}

function objectAccesses(request: AwsRequest, deployed: DeployedPolicies): Access[] {
  const { operation: method, query, headers } = request;
  const { version, ...of } = named(request);
  const bucket = arnOf('s3', of.bucket);
  const object = `${bucket}/${of.key}`;
  const on = (action: string, context = {}) => access(`s3:${action}`, object, context);
  const key = headers[KEY_HEADER]?.toString() ?? deployed.keyOfBucket(of.bucket);
  const withKey = (actions: readonly string[]) =>
    keyAccesses(key, actions, 's3', {
      'kms:EncryptionContext:aws:s3:arn': bucket,
    });
  const put = (creates: boolean, actions: readonly string[]) => [
    on('PutObject', { ...putContext(headers), 's3:ObjectCreationOperation': String(creates) }),
    ...withKey(actions),
  ];
  if (query.has('retention')) return [on('GetObjectRetention')];
  if (query.has('legal-hold')) return [on('GetObjectLegalHold')];
  if (method === 'GET' || method === 'HEAD')
    return [on(version === undefined ? 'GetObject' : 'GetObjectVersion'), ...withKey(['Decrypt'])];
  if (method === 'POST' && query.has('uploads')) return put(false, ['GenerateDataKey']);
  if (method === 'PUT' && query.has('partNumber')) return put(false, ['GenerateDataKey', 'Decrypt']);
  if (method === 'POST' && query.has('uploadId')) return put(true, ['Decrypt']);
  // Who replaces what he has read has to be one who may read it.
  if (method === 'PUT') return [...put(true, ['GenerateDataKey']), ...(headers['if-match'] ? [on('GetObject')] : [])];
  if (method === 'DELETE' && query.has('uploadId')) return [on('AbortMultipartUpload')];
  if (method === 'DELETE') return deletion(named(request), headers);
  throw new Error(`unknown request of an object: ${method} ${query}`);
}

const KEY_HEADER = 'x-amz-server-side-encryption-aws-kms-key-id';
/** Headers that policies know as keys of conditions. */
const PUT_KEYS: Readonly<Record<string, string>> = {
  'if-none-match': 's3:if-none-match',
  'if-match': 's3:if-match',
  'x-amz-server-side-encryption': 's3:x-amz-server-side-encryption',
  [KEY_HEADER]: 's3:x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-customer-algorithm': 's3:x-amz-server-side-encryption-customer-algorithm',
};

const putContext = (headers: AwsRequest['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(PUT_KEYS).flatMap(([header, key]) => {
      const value = headers[header];
      return value === undefined ? [] : [[key, String(value)]];
    }),
  );

function deletion({ bucket, key, version }: Named, headers: AwsRequest['headers']): Access[] {
  const object = arnOf('s3', `${bucket}/${key}`);
  const bypass = headers['x-amz-bypass-governance-retention'] === 'true';
  return [
    access(version === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion', object),
    ...(bypass ? [access('s3:BypassGovernanceRetention', object)] : []),
  ];
}

const unescape = (text: string): string =>
  text.replace(/&(?:amp|lt|gt|quot|#(\d+)|#x([\da-f]+));/gi, (entity, decimal?: string, hex?: string) => {
    const known: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };
    return known[entity] ?? String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex!, 16));
  });

/** Keys of a batch: `<Object><Key>…</Key><VersionId>…</VersionId></Object>`. */
export function keysToDelete(
  body: string,
): { readonly xml: string; readonly key: string; readonly version?: string }[] {
  return [...body.matchAll(/<Object>.*?<\/Object>/gs)].map(([xml]) => {
    const version = /<VersionId>(.*?)<\/VersionId>/.exec(xml)?.[1];
    return { xml, key: unescape(/<Key>(.*?)<\/Key>/s.exec(xml)![1]!), ...(version === undefined ? {} : { version }) };
  });
}
