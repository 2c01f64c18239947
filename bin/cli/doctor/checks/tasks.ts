/** What a task needs to start, besides its network: definition, image, secret, log group, file system. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import type { ImageDetail } from '@aws-sdk/client-ecr';
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { check } from '../check';
import type { DumpTask } from '../deployment';
import { containerOf } from '../deployment';
import type { Finding, Thing } from '../finding';
import { DEPLOY, failed, judge, ok, unanswered, valueOf } from '../finding';

export const tasks = check(
  'tasks',
  'the task of every backup is defined',
  (deployment) => deployment.tasks(),
  judgeTasks,
);

/** A family without an active definition cannot be started. */
export function judgeTasks(found: readonly DumpTask[]): Finding[] {
  return found.flatMap((task) =>
    judge<TaskDefinition>(task, (definition, of) => {
      const { family } = task.task;
      if (definition?.status !== 'ACTIVE') return failed(of, `no task definition ${family} is active`, DEPLOY);
      return containerOf(definition)
        ? ok(of, `${family} is active`)
        : failed(of, `the task definition ${family} is not one of cdk-proven-backups`, DEPLOY);
    }),
  );
}

/** `111122223333.dkr.ecr.eu-west-1.amazonaws.com/assets:1a2b`, or `…/assets@sha256:…` */
const ECR_IMAGE = /^(\d{12})\.dkr\.ecr\.([\w-]+)\.[^/]+\/([^:@]+)(?::([^@]+))?(?:@(sha256:\w+))?$/;

/** Parts of the name of an image in ECR; `undefined` for another registry. */
export function ecrImage(image: string) {
  const match = ECR_IMAGE.exec(image);
  if (!match) return undefined;
  const [, registryId, region, repositoryName, imageTag = 'latest', imageDigest] = match;
  const imageId = imageDigest === undefined ? { imageTag } : { imageDigest };
  return { registryId: registryId!, region: region!, repositoryName: repositoryName!, imageId };
}

export const images = check(
  'images',
  'the images of the tasks are in ECR',
  async (deployment) => {
    const tasks = await deployment.tasks();
    const describe = async (image: string) => {
      const { registryId, region, repositoryName, imageId } = ecrImage(image)!;
      const command = new DescribeImagesCommand({ registryId, repositoryName, imageIds: [imageId] });
      return (await deployment.aws.client(ECRClient, region).send(command)).imageDetails?.[0];
    };
    // Other registries have no interface in common.
    const named = tasks.map(({ fact }) => containerOf(valueOf(fact))?.image ?? '').filter((image) => ecrImage(image));
    const gone = ['ImageNotFoundException', 'RepositoryNotFoundException'];
    return [...unanswered(tasks), ...(await deployment.each(named, 'ecr:DescribeImages', describe, ...gone))];
  },
  judgeImages,
);

/** A rule of the repository may have removed it. */
export function judgeImages(found: readonly Thing<ImageDetail>[]): Finding[] {
  return found.flatMap((image) =>
    judge(image, (detail, of) =>
      detail
        ? ok(of, 'is there')
        : failed(
            of,
            'the image is gone: a lifecycle rule of the repository or somebody removed it',
            `exempt it from the rule, and ${DEPLOY} with cdk deploy --force`,
          ),
    ),
  );
}

export const secrets = check(
  'secrets',
  'the secrets of the tasks are there (their values are not read)',
  async (deployment) => [...unanswered(await deployment.tasks()), ...(await deployment.secrets())],
  judgeSecrets,
);

/** Without its secret, ECS does not start a task. */
export function judgeSecrets(found: readonly Thing<DescribeSecretResponse>[]): Finding[] {
  return found.flatMap((secret) =>
    judge(secret, (description, of) => {
      if (!description) return failed(of, 'the secret does not exist', `create it, and ${DEPLOY}`);
      const { DeletedDate, VersionIdsToStages = {} } = description;
      if (DeletedDate !== undefined) {
        return failed(
          of,
          'the secret is scheduled for deletion',
          `aws secretsmanager restore-secret --secret-id ${of}`,
        );
      }
      return Object.values(VersionIdsToStages).some((stages) => stages.includes('AWSCURRENT'))
        ? ok(of, 'is there')
        : failed(of, 'the secret has no value', 'put one: a JSON object with username and password');
    }),
  );
}
