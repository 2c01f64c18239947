import type * as iam from 'aws-cdk-lib/aws-iam';
import { sourcePrefix } from '../../../catalog/bucket/names';
import { decryptionBy, statementsOf } from './bucket-policy';

/** Keys of a repository of restic, of any source, but for its locks: whoever reads or writes it makes and removes those. */
export const REPOSITORY_KEYS = ['config', 'data/*', 'index/*', 'keys/*', 'snapshots/*'].map((keys) => `*/${keys}`);

/** Where the repository of a source is. */
export interface RepositoryPlace {
  readonly bucketArn: string;
  readonly keyArn: string;
  readonly source: string;
  /** Name by which KMS knows S3: `s3.eu-west-1.amazonaws.com`. */
  readonly s3Service: string;
}

/** Permissions of the program when it backs up: it reads what it wrote before, and deletes its locks alone. */
export const writeStatements = (place: RepositoryPlace): iam.PolicyStatement[] => [
  ...listing(place),
  ...changing(place, 'locks/*'),
];

/** Permissions of the program when it removes what no backup needs. Its deletes can be undone. */
export const maintainStatements = (place: RepositoryPlace): iam.PolicyStatement[] => [
  ...listing(place),
  ...changing(place, '*'),
];

/** Permissions of whoever restores or tests backups: nothing that changes the repository. */
export function readStatements(place: RepositoryPlace): iam.PolicyStatement[] {
  const { bucketArn, keyArn, source, s3Service } = place;
  const { allow, deny } = statementsOf(bucketArn);
  return [
    ...listing(place),
    allow(['s3:GetObject'], `${sourcePrefix(source)}*`),
    decryptionBy(s3Service, keyArn),
    deny(['s3:PutObject*', 's3:DeleteObject*', 's3:BypassGovernanceRetention'], '*'),
  ];
}

function changing({ bucketArn, keyArn, source, s3Service }: RepositoryPlace, deletable: string): iam.PolicyStatement[] {
  const { allow, deny } = statementsOf(bucketArn);
  const prefix = sourcePrefix(source);
  const key = decryptionBy(s3Service, keyArn);
  // For the parts of an upload KMS wants both.
  key.addActions('kms:GenerateDataKey');
  return [
    allow(['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'], `${prefix}*`),
    allow(['s3:DeleteObject'], `${prefix}${deletable}`),
    key,
    deny(['s3:DeleteObjectVersion', 's3:BypassGovernanceRetention'], '*'),
  ];
}

/** That an object is not there S3 says only to who may list, and a request for one object has no prefix. */
function listing({ bucketArn, source }: RepositoryPlace): iam.PolicyStatement[] {
  const list = statementsOf(bucketArn).allow(['s3:ListBucket']);
  list.addCondition('StringLikeIfExists', { 's3:prefix': `${sourcePrefix(source)}*` });
  return [list];
}
