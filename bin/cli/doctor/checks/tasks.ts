/** What a task needs to start, besides its network. Nothing of it is opened: no value of a secret is read. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import type { Check } from '../check';
import { containerOf } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, judgeEach, ok, valuesOf } from '../finding';

export const tasks: Check = {
  id: 'tasks',
  title: 'the tasks of all backups and restores are defined',
  needs: ['schedules'],
  run: async (deployment) => {
    const found = await deployment.allTasks();
    // Of a family AWS shows the newest active one; a schedule may name another one.
    const named = valuesOf(await deployment.schedules()).map(({ Target }) => Target?.EcsParameters?.TaskDefinitionArn);
    const judgement = (definition: TaskDefinition | undefined, of: string) =>
      definition?.status === 'ACTIVE' ? ok(of, 'is active') : failed(of, 'the task definition is not active', DEPLOY);
    return [...judgeEach(found, judgement), ...judgeEach(await deployment.definitions(named), judgement)];
  },
};

/** `111122223333.dkr.ecr.eu-west-1.amazonaws.com/assets:1a2b`, or `…/assets@sha256:…` */
const ECR_IMAGE = /^(\d{12})\.dkr\.ecr\.([\w-]+)\.[^/]+\/([^:@]+)(?::([^@]+))?(?:@(sha256:\w+))?$/;

/** Parts of the name of an image in ECR; `undefined` for another registry. */
export function ecrImage(image = '') {
  const match = ECR_IMAGE.exec(image);
  if (!match) return undefined;
  const [, registryId, region, repositoryName, imageTag = 'latest', imageDigest] = match;
  const imageId = imageDigest === undefined ? { imageTag } : { imageDigest };
  return { registryId: registryId!, region: region!, repositoryName: repositoryName!, imageId };
}

export const images: Check = {
  id: 'images',
  title: 'the images of the tasks are in ECR',
  needs: ['allTasks'],
  run: async (deployment) => {
    const describe = async (image: string) => {
      const { region, imageId, ...repository } = ecrImage(image)!;
      const command = new DescribeImagesCommand({ ...repository, imageIds: [imageId] });
      return (await deployment.aws.client(ECRClient, { region }).send(command)).imageDetails?.[0];
    };
    // Other registries have no interface in common.
    const named = valuesOf(await deployment.allTasks())
      .map((definition) => containerOf(definition)?.image)
      .filter(ecrImage);
    const gone = ['ImageNotFoundException', 'RepositoryNotFoundException'];
    return judgeEach(await deployment.each(named, 'ecr:DescribeImages', describe, ...gone), (detail, of) =>
      detail
        ? ok(of, 'is there')
        : failed(
            of,
            'the image is gone: a lifecycle rule of the repository or somebody removed it',
            `exempt it from the rule, and ${DEPLOY} with cdk deploy --force`,
          ),
    );
  },
};

export const secrets: Check = {
  id: 'secrets',
  title: 'the secrets of the tasks are there',
  needs: ['allTasks'],
  run: async (deployment) => judgeEach(await deployment.secrets(), judgeSecret),
};

/** Without its secret, ECS does not start a task. */
export function judgeSecret(secret: DescribeSecretResponse | undefined, of: string): Finding {
  if (!secret) return failed(of, 'the secret does not exist', `create it, and ${DEPLOY}`);
  if (secret.DeletedDate !== undefined) {
    const command = `aws secretsmanager restore-secret --secret-id ${of}`;
    return failed(of, 'the secret is scheduled for deletion', 'restore it:', command);
  }
  return Object.values(secret.VersionIdsToStages ?? {}).some((stages) => stages.includes('AWSCURRENT'))
    ? ok(of, 'is there')
    : failed(of, 'the secret has no value', 'put one: a JSON object with username and password');
}

export const logs: Check = {
  id: 'logs',
  title: 'the log groups are there',
  needs: ['functions'],
  run: async (deployment) =>
    judgeEach(await deployment.logGroups(), (group, of) =>
      group ? ok(of, 'is there') : failed(of, 'the log group does not exist: ECS starts no task without it', DEPLOY),
    ),
};
