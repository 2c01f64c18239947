import { Names, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct, IConstruct } from 'constructs';
import { REPOSITORY_KEY_FIELD } from '../../../catalog/contract/task';
import type { FilesRepository } from '../../bucket/files-repository';
import { acknowledge, acknowledgeCompliance } from '../../private/acknowledge';
import { RETAINED } from '../../private/retained';
import { requireFindable, SecretValue } from './secret-value';

/** Key of the repository of a source. One that is generated outlives the stack: without it no backup can be read. */
export function keyOf(
  scope: IConstruct,
  repository: FilesRepository,
  given: secretsmanager.ISecret | undefined,
): SecretValue {
  if (given) requireFindable(scope, given, 'repositoryKey');
  return new SecretValue(given ?? generated(scope, repository), REPOSITORY_KEY_FIELD);
}

/** Beside a repository of another stack: the restore tests there need the key, and their stack must not need this one. */
function generated(scope: IConstruct, repository: FilesRepository): secretsmanager.Secret {
  const { encryptionKey, bucket } = repository;
  const isHere = Stack.of(scope) === Stack.of(repository);
  const [parent, id] = isHere
    ? ([scope as Construct, 'RepositoryKey'] as const)
    : ([repository, `KeyOf${Names.nodeUniqueId(scope.node)}`] as const);
  const secret = new secretsmanager.Secret(parent, id, {
    description: `Key of a repository in ${bucket.bucketName}. Without it its backups cannot be read: keep a copy elsewhere`,
    encryptionKey,
    generateSecretString: {
      secretStringTemplate: '{}',
      generateStringKey: REPOSITORY_KEY_FIELD,
      passwordLength: 64,
      excludePunctuation: true,
    },
    removalPolicy: RETAINED,
  });
  const reason = 'It encrypts the repository: another one would not open what is there.';
  acknowledge(secret, 'AwsSolutions-SMG4', reason);
  acknowledgeCompliance(secret, [{ rule: 'SecretsManagerRotationEnabled', reason }]);
  return secret;
}
