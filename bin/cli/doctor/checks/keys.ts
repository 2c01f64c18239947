/** Keys of KMS: of the bucket, of its log groups, and of the topics. */
import type { KeyMetadata } from '@aws-sdk/client-kms';
import { DescribeKeyCommand, GetKeyPolicyCommand, GetKeyRotationStatusCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Check } from '../check';
import type { Finding } from '../finding';
import { DEPLOY, failed, judgeEach, ok, valueOf, valuesOf, warning } from '../finding';
import { principalsOf, statementsOf } from '../policy';

export const keys: Check = {
  id: 'keys',
  title: 'the keys are enabled, rotate, and admit who needs them',
  needs: ['tasks', 'topicKeys', 'logGroups'],
  run: async (deployment) => {
    const client = deployment.aws.client(KMSClient);
    const topicKeys = valuesOf(await deployment.topicKeys());
    const logKeys = valuesOf(await deployment.logGroups()).flatMap(({ kmsKeyId }) => kmsKeyId ?? []);
    const ids = new Set([await deployment.keyArn(), ...topicKeys, ...logKeys]);

    const describe = async (KeyId: string) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    const found = await deployment.each(ids, 'kms:DescribeKey', describe, 'NotFoundException');
    const enabled = found.filter((key) => valueOf(key)?.KeyState === 'Enabled');
    const rotating = enabled.filter((key) => rotates(valueOf(key)!)).map(({ of }) => of);
    const rotation = async (KeyId: string) =>
      (await client.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled;
    const policy = async (KeyId: string) => (await client.send(new GetKeyPolicyCommand({ KeyId }))).Policy;
    const own = enabled.filter((key) => valueOf(key)?.KeyManager !== 'AWS').map(({ of }) => of);
    const services = (key: string) => [
      ...(topicKeys.includes(key) ? ['cloudwatch.amazonaws.com'] : []),
      ...(logKeys.includes(key) ? [deployment.logsService(key.split(':')[3]!)] : []),
    ];
    return [
      ...judgeEach(found, judgeKey),
      ...judgeEach(await deployment.each(rotating, 'kms:GetKeyRotationStatus', rotation), judgeRotation),
      ...judgeEach(await deployment.each(own, 'kms:GetKeyPolicy', policy), (text, of) =>
        judgeKeyPolicy(text, of, services(of)),
      ),
    ];
  },
};

/** Keys of AWS, and those with imported material, rotate otherwise or not at all. */
const rotates = ({ KeyManager, Origin = 'AWS_KMS' }: KeyMetadata): boolean =>
  KeyManager !== 'AWS' && Origin === 'AWS_KMS';

/** A key that is gone takes all backups with it. */
export function judgeKey(metadata: KeyMetadata | undefined, of: string): Finding {
  if (!metadata) return failed(of, 'the key does not exist', 'backups under it are lost: deploy with another key');
  const { KeyState: state, DeletionDate: date } = metadata;
  if (state === 'Enabled') return ok(of, 'is enabled');
  if (state !== 'PendingDeletion') {
    return failed(of, `the key is ${state}: nothing can be written or read`, `aws kms enable-key --key-id ${of}`);
  }
  return failed(
    of,
    `the key will be deleted on ${date?.toISOString().slice(0, 10)}, and with it everything that it encrypts`,
    `now: aws kms cancel-key-deletion --key-id ${of} && aws kms enable-key --key-id ${of}`,
  );
}

const judgeRotation = (isOn: boolean | undefined, of: string): Finding =>
  isOn ? ok(of, 'rotates') : warning(of, 'the key does not rotate', `aws kms enable-key-rotation --key-id ${of}`);

/**
 * What IAM allows counts only if the policy of the key admits the account.
 *
 * @param services that use the key
 */
export function judgeKeyPolicy(text: string | undefined, of: string, services: readonly string[]): Finding[] {
  const admitted = statementsOf(text, 'Allow', 'kms:Decrypt').flatMap(principalsOf);
  const account = of.split(':')[4];
  const isAccount = (principal: string) => principal === '*' || principal === account || principal.endsWith(':root');
  const missing = services.filter((service) => !admitted.includes(service));
  return [
    ...(missing.length > 0 ? [failed(of, `the policy of the key does not admit ${missing.join(', ')}`, DEPLOY)] : []),
    admitted.some(isAccount)
      ? ok(of, 'its policy admits the account')
      : warning(
          of,
          'the policy of the key does not admit the account: what IAM allows does not count',
          'let it admit the account, or every role that docs/roles.md gives the key to',
        ),
  ];
}
