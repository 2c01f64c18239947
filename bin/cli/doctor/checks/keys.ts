/** Keys of KMS: of the bucket, of its log groups, of the secrets, and of the topics. */
import type { KeyMetadata } from '@aws-sdk/client-kms';
import type { Check } from '../check';
import { nameOf } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, judgeEach, ok, valuesOf, warning } from '../finding';
import { principalsOf, statementsOf } from '../policy';

export const keys: Check = {
  id: 'keys',
  title: 'the keys are enabled, and admit who needs them',
  needs: ['tasks', 'topicKeys', 'logGroups', 'secrets'],
  run: async (deployment) => {
    const topicKeys = valuesOf(await deployment.topicKeys());
    const logKeys = valuesOf(await deployment.logGroups()).flatMap(({ kmsKeyId }) => kmsKeyId ?? []);
    const secretKeys = valuesOf(await deployment.secrets()).map(({ KmsKeyId }) => KmsKeyId);
    const found = await deployment.keys([await deployment.keyArn(), ...topicKeys, ...logKeys, ...secretKeys]);
    const policies = await deployment.keyPolicies(found);
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
  if (!metadata) return failed(of, 'the key does not exist', 'what it encrypts is lost: deploy with another key');
  // These commands take no alias.
  const { KeyState: state, DeletionDate: date, Arn: key = of } = metadata;
  if (state === 'Enabled') return ok(of, 'is enabled');
  const enable = `aws kms enable-key --key-id ${key}`;
  if (state !== 'PendingDeletion') {
    return failed(of, `the key is ${state}: nothing can be written or read`, 'enable it:', enable);
  }
  return failed(
    of,
    `the key will be deleted on ${date?.toISOString().slice(0, 10)}, and with it everything that it encrypts`,
    'keep it, now:',
    `aws kms cancel-key-deletion --key-id ${key} && ${enable}`,
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
