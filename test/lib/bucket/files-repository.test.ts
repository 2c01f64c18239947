import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { FilesRepository } from '../../../lib';
import type { Json } from '../support';
import { flat, row } from '../support';

function create() {
  const stack = new Stack();
  return { stack, repository: new FilesRepository(stack, 'Repository'), template: () => Template.fromStack(stack) };
}

const policyOf = (template: Template): Json[] =>
  Object.values(template.findResources('AWS::S3::BucketPolicy'))[0]!.Properties.PolicyDocument.Statement;

test('is encrypted, versioned and private, moves nothing to another tier, and outlives its stack', () => {
  create()
    .template()
    .hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: {
        BucketEncryption: Match.objectLike({}),
        VersioningConfiguration: { Status: 'Enabled' },
        LifecycleConfiguration: {
          Rules: [
            Match.objectEquals({
              Id: 'Housekeeping',
              Status: 'Enabled',
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 8 },
              NoncurrentVersionExpiration: { NoncurrentDays: 14 },
              ExpiredObjectDeleteMarker: true,
            }),
          ],
        },
      },
    });
});

test('takes its properties', () => {
  const stack = new Stack();
  const noncurrentVersionRetention = Duration.days(30);
  const removalPolicy = RemovalPolicy.DESTROY;
  new FilesRepository(stack, 'Repository', { bucketName: 'media', noncurrentVersionRetention, removalPolicy });
  const template = Template.fromStack(stack);
  for (const type of ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::KMS::Key'])
    template.hasResource(type, { DeletionPolicy: 'Delete' });
  template.hasResourceProperties('AWS::S3::Bucket', {
    BucketName: 'media',
    LifecycleConfiguration: { Rules: [Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } })] },
  });
});

test('its policy denies other encryption, and to delete anything but locks', () => {
  const statements = policyOf(create().template());
  expect(statements.map(({ Sid }) => Sid).filter(Boolean)).toEqual([
    'DenyOtherEncryption',
    'DenyCustomerKeys',
    'DenyDeletes',
    'DenyDeletingVersions',
  ]);
  const [objects, versions] = statements.slice(-2);
  expect(objects).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:DeleteObject' });
  expect(objects.Resource.map((one: Json) => flat(one).replace(/^<.*>/, ''))).toEqual([
    '/*/config',
    '/*/data/*',
    '/*/index/*',
    '/*/keys/*',
    '/*/snapshots/*',
  ]);
  expect(versions).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:DeleteObjectVersion' });
  expect(versions.Condition).toBeUndefined();
});

test('who may read the repository of a source may change nothing', () => {
  const { stack, repository, template } = create();
  const role = new iam.Role(stack, 'Ann', { assumedBy: new iam.AccountRootPrincipal() });
  repository.grantRead(role, 'media').assertSuccess();
  const [policy] = Object.values(template().findResources('AWS::IAM::Policy'));
  const rows = policy!.Properties.PolicyDocument.Statement.map(row);
  const bucket = expect.stringMatching(/^<Repository[^/]*\.Arn>$/);
  expect(rows).toEqual([
    ['Allow', ['s3:ListBucket'], bucket, { StringLikeIfExists: { 's3:prefix': 'media/*' } }],
    ['Allow', ['s3:GetObject'], expect.stringMatching(/>\/media\/\*$/), undefined],
    [
      'Allow',
      ['kms:Decrypt'],
      expect.stringContaining('Key'),
      { StringEquals: { 'kms:ViaService': expect.anything() } },
    ],
    ['Deny', ['s3:PutObject*', 's3:DeleteObject*', 's3:BypassGovernanceRetention'], expect.anything(), undefined],
  ]);
});
