/** The key of a repository, for a restore or a test on this machine: of the environment, or of the secret that the manifest names. */
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { ENV, REPOSITORY_KEY_FIELD } from '../../../catalog/contract/task';
import type { Aws } from '../aws/aws';
import { ask } from '../aws/aws';
import { CommandError } from '../errors';

/**
 * Reads the key.
 *
 * @returns nothing if the backup is in no repository
 * @throws CommandError if it cannot be read; the message has nothing of it
 */
export async function repositoryKeyOf(
  aws: Aws,
  { repository, backupId }: Pick<Manifest, 'repository' | 'backupId'>,
): Promise<string | undefined> {
  if (!repository) return undefined;
  const { [ENV.repositoryKey]: given } = process.env;
  if (given) return given;
  const { secret: SecretId } = repository;
  const command = new GetSecretValueCommand({ SecretId });
  const wish = {
    doing: `read the key of the repository of backup ${backupId}`,
    action: 'secretsmanager:GetSecretValue and kms:Decrypt',
  };
  const { SecretString = '' } = SecretId === undefined ? {} : await ask(wish, () => aws.secrets().send(command));
  const key = keyIn(SecretString);
  if (key !== undefined) return key;
  throw new CommandError(
    `the secret ${SecretId ?? 'of the repository'} has no key ${REPOSITORY_KEY_FIELD}: set ${ENV.repositoryKey} to your own copy of the key of the repository`,
  );
}

function keyIn(text: string): string | undefined {
  try {
    const { [REPOSITORY_KEY_FIELD]: key } = JSON.parse(text) as Record<string, unknown>;
    return typeof key === 'string' && key !== '' ? key : undefined;
  } catch {
    return undefined;
  }
}
