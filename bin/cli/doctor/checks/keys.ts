/** Keys of KMS: of the bucket, and of the topic. */
import type { KeyMetadata } from '@aws-sdk/client-kms';
import { DescribeKeyCommand, GetKeyRotationStatusCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { check } from '../check';
import type { Deployment } from '../deployment';
import type { Fact, Finding, Thing } from '../finding';
import { failed, judge, ok, unanswered, valueOf, warning } from '../finding';

/** A key, and whether it rotates. */
export interface KeyFacts extends Thing<KeyMetadata> {
  readonly rotates: Fact<boolean>;
}

export const keys = check(
  'keys',
  'the keys are enabled, and rotate',
  async (deployment): Promise<KeyFacts[]> => {
    const client = deployment.aws.client(KMSClient);
    const topics = await topicKeys(deployment);
    const describe = async (KeyId: string) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    const rotation = (KeyId: string) => async () =>
      (await client.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled;
    const ids = [await deployment.keyArn(), ...topics.map(({ fact }) => valueOf(fact))];
    const found = [
      ...unanswered(topics),
      ...(await deployment.each(ids, 'kms:DescribeKey', describe, 'NotFoundException')),
    ];
    return Promise.all(
      found.map(async (key) => {
        const rotates = await deployment.thing(key.of, 'kms:GetKeyRotationStatus', rotation(key.of));
        return { ...key, rotates: rotates.fact };
      }),
    );
  },
  judgeKeys,
);

/** Keys of the topics of the alarms: ids or ARNs. */
export async function topicKeys(deployment: Deployment): Promise<Thing<string>[]> {
  const client = deployment.aws.client(SNSClient);
  const read = async (TopicArn: string) =>
    (await client.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes?.KmsMasterKeyId || undefined;
  return deployment.each(await deployment.topics(), 'sns:GetTopicAttributes', read, 'NotFoundException');
}

/** A key that is gone takes all backups with it. */
export function judgeKeys(found: readonly KeyFacts[]): Finding[] {
  return found.flatMap((key) =>
    judge(key, (metadata, of) => {
      if (!metadata) return failed(of, 'the key does not exist', 'backups under it are lost: deploy with another key');
      const { KeyState: state, DeletionDate: date } = metadata;
      if (state === 'PendingDeletion') {
        const when = date?.toISOString().slice(0, 10) ?? 'soon';
        return failed(
          of,
          `the key will be deleted on ${when}, and with it everything that it encrypts`,
          `now: aws kms cancel-key-deletion --key-id ${of} && aws kms enable-key --key-id ${of}`,
        );
      }
      if (state !== 'Enabled') {
        return failed(of, `the key is ${state}: nothing can be written or read`, `aws kms enable-key --key-id ${of}`);
      }
      // Keys of AWS, and those with imported material, rotate otherwise or not at all.
      if (metadata.KeyManager === 'AWS' || (metadata.Origin ?? 'AWS_KMS') !== 'AWS_KMS') return ok(of, 'enabled');
      return judge({ of, fact: key.rotates }, (rotates) =>
        rotates
          ? ok(of, 'enabled, rotates')
          : warning(of, 'the key does not rotate', `aws kms enable-key-rotation --key-id ${of}`),
      );
    }),
  );
}
