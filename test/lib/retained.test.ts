import { BackupBucket } from '../../lib';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { everything } from './everything';
import type { Json } from './support';

test('what outlives the stack goes with a first deployment that fails; nothing else of ours stays', () => {
  const resources: [string, Json][] = Object.entries(everything().template().toJSON().Resources);
  const staying = resources.filter(([, { DeletionPolicy }]) => /^Retain/.test(DeletionPolicy ?? ''));
  // The file system and the volume are the user's.
  const ours = staying.filter(([id]) => !/^(Files|Tree|Volume)/.test(id));
  expect(ours.map(([, { Type, ...rest }]) => [Type, rest.DeletionPolicy, rest.UpdateReplacePolicy]).sort()).toEqual([
    ['AWS::Backup::BackupVault', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::IAM::Role', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::KMS::Key', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::KMS::Key', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::KMS::Key', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::Logs::LogGroup', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::Logs::LogGroup', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::S3::Bucket', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::S3::Bucket', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::S3::BucketPolicy', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::S3::BucketPolicy', 'RetainExceptOnCreate', 'Retain'],
    ['AWS::SecretsManager::Secret', 'RetainExceptOnCreate', 'Retain'],
  ]);
});

test('a removal policy that is given is taken as it is', () => {
  const stack = new Stack();
  new BackupBucket(stack, 'Bucket', { removalPolicy: RemovalPolicy.RETAIN });
  const template = Template.fromStack(stack);
  for (const type of ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::KMS::Key']) {
    template.hasResource(type, { DeletionPolicy: 'Retain' });
  }
});
