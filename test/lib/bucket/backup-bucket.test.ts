import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { BackupBucketProps } from '../../../lib';
import { BackupBucket } from '../../../lib';
import type { Json } from '../support';
import { flat } from '../support';

function create(props?: BackupBucketProps) {
  const stack = new Stack();
  return { stack, bucket: new BackupBucket(stack, 'Bucket', props), template: () => Template.fromStack(stack) };
}

/** The statements of the bucket's policy, each as `[sid, effect, actions, resource, condition]`. */
function policy(template: Template) {
  const [found] = Object.values(template.findResources('AWS::S3::BucketPolicy'));
  return found!.Properties.PolicyDocument.Statement as Json[];
}
const statement = (template: Template, sid: string) => policy(template).find(({ Sid }) => Sid === sid);

test.each([
  [undefined, 'RetainExceptOnCreate'],
  [RemovalPolicy.DESTROY, 'Delete'],
])('a bucket that outlives its stack keeps its policy: %s', (removalPolicy, expected) => {
  const stack = new Stack();
  new BackupBucket(stack, 'Bucket', { removalPolicy });
  Template.fromStack(stack).hasResource('AWS::S3::BucketPolicy', { DeletionPolicy: expected });
});

test('is encrypted, versioned, private and tidy, and survives its stack', () => {
  const { template } = create();
  template().hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: { 'Fn::GetAtt': [Match.stringLikeRegexp('BucketKey'), 'Arn'] },
            },
          },
        ],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'Housekeeping',
            Status: 'Enabled',
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 8 },
            NoncurrentVersionExpiration: { NoncurrentDays: 14 },
            ExpiredObjectDeleteMarker: true,
          },
          Match.objectLike({ Id: 'StorageTiers' }),
        ],
      },
      LoggingConfiguration: Match.absent(),
      BucketName: Match.absent(),
    },
  });
  template().hasResource('AWS::KMS::Key', {
    DeletionPolicy: 'RetainExceptOnCreate',
    Properties: { EnableKeyRotation: true },
  });
});

test('takes its properties', () => {
  const stack = new Stack();
  const logs = new s3.Bucket(stack, 'Logs');
  const encryptionKey = new kms.Key(stack, 'Key');
  new BackupBucket(stack, 'Bucket', {
    bucketName: 'backups-of-shop',
    encryptionKey,
    noncurrentVersionRetention: Duration.days(30),
    serverAccessLogsBucket: logs,
    serverAccessLogsPrefix: 'backups/',
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::KMS::Key', 1);
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Delete',
    Properties: {
      BucketName: 'backups-of-shop',
      LoggingConfiguration: { LogFilePrefix: 'backups/', DestinationBucketName: Match.anyValue() },
      LifecycleConfiguration: {
        Rules: Match.arrayWith([Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } })]),
      },
    },
  });
});

describe('its policy', () => {
  test('denies connections without TLS, or with an old one', () => {
    expect(policy(create().template())).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        expect.objectContaining({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
      ]),
    );
  });

  test.each([
    [
      'DenyOtherEncryption',
      '/*',
      {
        Null: { 's3:x-amz-server-side-encryption': 'false' },
        StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': expect.anything() },
      },
    ],
    ['DenyCustomerKeys', '/*', { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } }],
    [
      'DenyOverwritingManifests',
      '/*/manifest.json',
      { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    ],
  ])('%s', (sid, keys, condition) => {
    const found = statement(create().template(), sid)!;
    expect(found).toMatchObject({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:PutObject',
      Condition: condition,
    });
    expect(flat(found.Resource)).toMatch(/^<Bucket[^/]*\.Arn>/);
    expect(flat(found.Resource).replace(/^<.*>/, '')).toBe(keys);
  });

  test('wants the key of the bucket', () => {
    const { Condition } = statement(create().template(), 'DenyOtherEncryption')!;
    expect(flat(Condition.StringNotEquals['s3:x-amz-server-side-encryption-aws-kms-key-id'])).toMatch(
      /^<BucketKey\w+\.Arn>$/,
    );
  });

  test.each([
    ['DenyDeletes', 's3:DeleteObject'],
    ['DenyDeletingVersions', 's3:DeleteObjectVersion'],
  ])('%s: denies %s to everyone, as long as nobody may', (sid, action) => {
    const found = statement(create().template(), sid)!;
    expect(found).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' }, Action: action });
    expect(flat(found.Resource).replace(/^<.*>/, '')).toBe('/*');
    expect(found.Condition).toBeUndefined();
  });

  test.each([
    ['grantPrune', 'DenyDeletes', 'DenyDeletingVersions'],
    ['grantUndelete', 'DenyDeletingVersions', 'DenyDeletes'],
  ] as const)('%s exempts roles from %s, and from nothing else', (grant, sid, other) => {
    const { stack, bucket, template } = create();
    for (const id of ['One', 'Two']) {
      bucket[grant](new iam.Role(stack, id, { assumedBy: new iam.AccountRootPrincipal() }));
    }
    const { ArnNotLike } = statement(template(), sid)!.Condition;
    expect(ArnNotLike['aws:PrincipalArn'].map(flat)).toEqual([
      expect.stringMatching(/^<One\w+\.Arn>$/),
      expect.stringMatching(/^<Two\w+\.Arn>$/),
    ]);
    expect(statement(template(), other)!.Condition).toBeUndefined();
  });
});

describe('imported', () => {
  const encryption = (stack: Stack) => kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/k');

  test('by name, it grants and creates nothing', () => {
    const stack = new Stack();
    const bucket = BackupBucket.fromBucketName(stack, 'Bucket', 'shared', encryption(stack));
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
    bucket.grantPrune(role);
    bucket.grantUndelete(role);
    expect(stack.resolve(bucket.bucketName)).toBe('shared');
    expect(flat(stack.resolve(bucket.bucketArn))).toBe('arn:<AWS::Partition>:s3:::shared');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    template.resourceCountIs('AWS::S3::BucketPolicy', 0);
    template.resourceCountIs('AWS::KMS::Key', 0);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt' })]) },
    });
  });

  test('by its attributes, it knows its Region', () => {
    const stack = new Stack();
    const attributes = { bucketName: 'shared', encryptionKey: encryption(stack), region: 'us-east-1' };
    const bucket = BackupBucket.fromBucketAttributes(stack, 'Bucket', attributes);
    expect(bucket.bucket.env.region).toBe('us-east-1');
    expect(bucket.encryptionKey.keyArn).toBe('arn:aws:kms:eu-west-1:111122223333:key/k');
  });
});
