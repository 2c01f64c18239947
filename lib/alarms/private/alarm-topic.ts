import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { requireKey } from '../../bucket/private/key';
import { requireKeyRegion } from '../../private/region';

/** The topic and its key. */
export interface AlarmTopic {
  readonly topic: sns.Topic;
  readonly key: kms.IKey;
}

/**
 * A topic that CloudWatch may really publish to. With `enforceSSL` its policy takes the place of the usual one, and a service
 * also needs the key. Whatever is not allowed here is dropped silently.
 */
export function alarmTopic(scope: Construct, givenKey: kms.IKey | undefined): AlarmTopic {
  requireKey(scope, 'topicEncryptionKey', givenKey);
  requireKeyRegion(scope, givenKey);
  // A key of the customer: services may not use alias/aws/sns, and nobody can allow it to them.
  const key =
    givenKey ??
    new kms.Key(scope, 'Key', {
      description: 'Encrypts notifications about backups',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  const topic = new sns.Topic(scope, 'Topic', {
    displayName: 'Backups',
    masterKey: key,
    enforceSSL: true,
  });
  const stack = Stack.of(scope);
  const cloudwatch = new iam.ServicePrincipal('cloudwatch.amazonaws.com', {
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: {
        'aws:SourceArn': stack.formatArn({ service: 'cloudwatch', resource: 'alarm:*' }),
      },
    },
  });
  // Only the user's own rules may want it; they also get their statement in the topic's policy. EventBridge names no source
  // when it uses the key: with conditions, every message would be dropped.
  const events = new iam.ServicePrincipal('events.amazonaws.com');
  topic.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: ALLOW_CLOUDWATCH,
      principals: [cloudwatch],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
    }),
  );
  for (const [sid, principal] of Object.entries({ [ALLOW_CLOUDWATCH]: cloudwatch, AllowEventBridge: events })) {
    key.addToResourcePolicy(
      new iam.PolicyStatement({ sid, principals: [principal], actions: [...USE_KEY], resources: ['*'] }),
      true,
    );
  }
  return { topic, key };
}

const ALLOW_CLOUDWATCH = 'AllowCloudWatch';

/** Actions on the key that publishing to an encrypted topic needs. */
export const USE_KEY = ['kms:Decrypt', 'kms:GenerateDataKey*'] as const;
