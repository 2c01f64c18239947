/** Keys of KMS: of the bucket, of its log groups, and of the topics. */
import type { KeyMetadata } from '@aws-sdk/client-kms';
import { DescribeKeyCommand, GetKeyPolicyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Check } from '../check';
import { nameOf } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, judgeEach, ok, valuesOf, warning } from '../finding';
import { principalsOf, statementsOf } from '../policy';

export const keys: Check = {
  id: 'keys',
  title: 'the keys are enabled, and admit who needs them',
  needs: ['tasks', 'topicKeys', 'logGroups'],
  run: async (deployment) => {
    const client = deployment.aws.client(KMSClient);
    const topicKeys = valuesOf(await deployment.topicKeys());
    const logKeys = valuesOf(await deployment.logGroups()).flatMap(({ kmsKeyId }) => kmsKeyId ?? []);
    const ids = new Set([await deployment.keyArn(), ...topicKeys, ...logKeys]);

    const describe = async (KeyId: string) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    const found = await deployment.each(ids, 'kms:DescribeKey', describe, 'NotFoundException');
    // Those of AWS have policies of AWS, and nobody reads those of another account.
    const { account } = (await deployment.place()) ?? {};
    const own = valuesOf(found).filter(
      ({ KeyState, KeyManager, AWSAccountId: owner = account }) =>
        KeyState === 'Enabled' && KeyManager !== 'AWS' && owner === account,
    );
    const policy = async (KeyId: string) => (await client.send(new GetKeyPolicyCommand({ KeyId }))).Policy;
    const policies = await deployment.each(
      own.map(({ Arn, KeyId }) => Arn ?? KeyId),
      'kms:GetKeyPolicy',
      policy,
    );
    const services = (key: string) =>
      Object.entries({ cloudwatch: topicKeys, logs: logKeys })
        .filter(([, used]) => used.some((one) => nameOf(one) === nameOf(key)))
        .map(([service]) => service);
    return [
      ...judgeEach(found, judgeKey),
      ...judgeEach(policies, (text, of) => judgeKeyPolicy(text, of, services(of))),
    ];
  },
};

/** A key that is gone takes all backups with it. */
export function judgeKey(metadata: KeyMetadata | undefined, of: string): Finding {
  if (!metadata) return failed(of, 'the key does not exist', 'backups under it are lost: deploy with another key');
  const { KeyState: state, DeletionDate: date } = metadata;
  if (state === 'Enabled') return ok(of, 'is enabled');
  const enable = `aws kms enable-key --key-id ${of}`;
  if (state !== 'PendingDeletion') {
    return failed(of, `the key is ${state}: nothing can be written or read`, 'enable it:', enable);
  }
  return failed(
    of,
    `the key will be deleted on ${date?.toISOString().slice(0, 10)}, and with it everything that it encrypts`,
    'keep it, now:',
    `aws kms cancel-key-deletion --key-id ${of} && ${enable}`,
  );
}

/**
 * What IAM allows counts only if the policy of the key admits the account.
 *
 * @param services that use the key: `logs`, with or without a Region
 */
export function judgeKeyPolicy(text: string | undefined, of: string, services: readonly string[]): Finding[] {
  const admitted = statementsOf(text, 'Allow', 'kms:Decrypt').flatMap(principalsOf);
  const account = of.split(':')[4];
  const isAccount = (principal: string) =>
    principal === '*' || principal === account || principal.endsWith(`:${account}:root`);
  const admits = (service: string) =>
    admitted.some((principal) => principal === '*' || principal.startsWith(`${service}.`));
  const missing = services.filter((service) => !admits(service));
  return [
    ...(missing.length > 0
      ? [failed(of, `the policy of the key does not admit the service ${missing.join(', ')}`, DEPLOY)]
      : []),
    admitted.some(isAccount)
      ? ok(of, 'its policy admits the account')
      : warning(
          of,
          'the policy of the key does not admit the account: what IAM allows does not count',
          'let it admit the account, or every role that docs/roles.md gives the key to',
        ),
  ];
}
