import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { AddDatabaseProps, FilesProps } from '../../../lib';
import {
  BackupBucket,
  BackupRunner,
  BackupSchedule,
  Database,
  DatabaseBackup,
  FilesRepository,
  WeekDay,
} from '../../../lib';
import type { Json } from '../support';
import { flat, READY_IMAGE, row, Setup } from '../support';

interface Given {
  readonly files?: Partial<FilesProps>;
  readonly backup?: Partial<AddDatabaseProps>;
}

/** A backup of files on EFS with a repository. */
function create({ files = {}, backup = {} }: Given = {}) {
  const setup = new Setup();
  const repository = new FilesRepository(setup.stack, 'Repository', {
    maintenanceSchedule: BackupSchedule.weekly({ weekDay: WeekDay.MONDAY, hour: 4 }),
  });
  const database = Database.files({ ...setup.efs(), repository, ...files });
  return { setup, repository, media: setup.add({ database, restore: {}, ...backup }, 'Media') };
}

/** A backup of files on an instance with a repository. */
function onInstance() {
  const setup = new Setup();
  const role = new iam.Role(setup.stack, 'Host', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  const runsOn = BackupRunner.instances({ instanceId: 'i-0123456789abcdef0', role });
  const repository = new FilesRepository(setup.stack, 'Repository');
  setup.add(
    {
      database: Database.files({ path: '/srv/media', repository }),
      runsOn,
      restore: {},
      cpu: 2048,
      memoryLimitMiB: 8192,
    },
    'Media',
  );
  return setup;
}

const familyOf = ({ Family }: Json): string => Family;
const tasksOf = (setup: Setup): Json[] =>
  Object.values(setup.template().findResources('AWS::ECS::TaskDefinition')).map(({ Properties }) => Properties);
const keysOf = ({ ContainerDefinitions: [container] }: Json): [string, string][] =>
  (container.Secrets ?? []).map(({ Name, ValueFrom }: Json) => [Name, flat(ValueFrom)]);

describe('a source with a repository', () => {
  test('has a key, which outlives the stack, and each of its tasks is given it', () => {
    const { setup, media } = create();
    setup.template().hasResource('AWS::SecretsManager::Secret', {
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: {
        GenerateSecretString: { GenerateStringKey: 'key', PasswordLength: 64, SecretStringTemplate: '{}' },
        KmsKeyId: Match.objectLike({ 'Fn::GetAtt': [Match.stringLikeRegexp('^RepositoryKey'), 'Arn'] }),
      },
    });
    const tasks = tasksOf(setup);
    expect(tasks.map(familyOf).sort()).toEqual([
      'Stack-Backups-RestoreTesting-_prove0',
      'Stack-Backups-media',
      'Stack-Backups-media_maintain',
      'Stack-Backups-media_restore',
    ]);
    const secret = flat(setup.stack.resolve(media.repositoryKey!.secretArn));
    for (const task of tasks) expect(keysOf(task)).toEqual([['BACKUP_REPOSITORY_KEY', `${secret}:key::`]]);
  });

  test('tells the program where it is, and its manifests of the key', () => {
    const { setup, media } = create();
    const secret = flat(setup.stack.resolve(media.repositoryKey!.secretArn));
    const repository = { bucket: expect.stringMatching(/^<Repository[A-Z0-9]+>$/), secret };
    const jobOf = (action: string) => {
      const task = tasksOf(setup).find(({ Family }) => Family === `Stack-Backups-media${action}`);
      const [container] = task!.ContainerDefinitions;
      expect(container.Command.at(-1)).toBe(action === '' ? 'dump' : action.slice(1));
      return JSON.parse(flat(container.Environment[0].Value));
    };
    expect(jobOf('')).toMatchObject({ action: 'dump', engine: 'files', repository });
    expect(jobOf('_maintain')).toEqual({
      ...{ action: 'maintain', source: 'media', bucket: expect.stringMatching(/^<BackupsBucket/), repository },
      ...{ timeoutSeconds: 43_200, scratchDirectory: '/scratch' },
    });
    // Where it is, the manifest says.
    expect(jobOf('_restore')).not.toHaveProperty('repository');
  });

  test('is maintained by a schedule of its own, in Fargate', () => {
    const { setup, media } = create();
    setup.template().hasResourceProperties('AWS::Scheduler::Schedule', {
      Description: 'Removes from the repository of media what no backup needs',
      ScheduleExpression: 'cron(0 4 ? * MON *)',
      Target: {
        DeadLetterConfig: Match.anyValue(),
        EcsParameters: {
          TaskDefinitionArn: { Ref: Match.stringLikeRegexp('MediaMaintenanceTaskDefinition') },
          NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
        },
      },
    });
    expect(media.maintenanceTaskDefinition!.family).toBe('Stack-Backups-media_maintain');
  });

  test('may have a key of the user, and another source none of it', () => {
    const setup = new Setup();
    const repository = new FilesRepository(setup.stack, 'Repository');
    const repositoryKey = new secretsmanager.Secret(setup.stack, 'Own');
    const files = { ...setup.efs(), repository };
    const own = setup.add({ database: Database.files({ ...files, repositoryKey }) }, 'Own');
    const other = setup.add({ database: Database.files(files) }, 'Other');
    expect(own.repositoryKey).toBe(repositoryKey);
    expect(other.repositoryKey).not.toBe(repositoryKey);
    const proving = tasksOf(setup).filter(({ Family }) => Family.includes('_prove'));
    expect(new Set(proving.map((task) => keysOf(task)[0]![1])).size).toBe(2);
  });

  test('on an instance is backed up and restored there with the key, and maintained in Fargate', () => {
    const setup = onInstance();
    const scripts = Object.values(setup.template().findResources('AWS::SSM::Document')).map(({ Properties }) =>
      flat({ 'Fn::Join': ['\n', Properties.Content.mainSteps[0].inputs.runCommand] }),
    );
    expect(scripts).toHaveLength(2);
    for (const script of scripts) {
      expect(script).toMatch(/secret_id='<BackupsMediaRepositoryKey\w+>'/);
      expect(script.replaceAll('\\', '')).toContain('"keys":{"BACKUP_REPOSITORY_KEY":"key"}');
      expect(script).toContain('--memory 1024m');
    }
    const [maintenance] = tasksOf(setup).filter((task) => familyOf(task).endsWith('_maintain'));
    expect(maintenance).toMatchObject({ Cpu: '2048', Memory: '8192' });
    expect(tasksOf(setup).map(familyOf).sort()).toEqual([
      'Stack-Backups-RestoreTesting-_prove0',
      'Stack-Backups-media_maintain',
    ]);
    const [trusted] = setup.resource('AWS::IAM::Role', 'MediaMaintenanceExecutionRole').AssumeRolePolicyDocument
      .Statement;
    expect(trusted.Principal).toEqual({ Service: 'ecs-tasks.amazonaws.com' });
  });

  test('runs an image with restic, which others do not have', () => {
    const { setup } = create({ backup: { image: undefined } });
    setup.add({ database: Database.files(setup.efs('Conf')), image: undefined }, 'Conf');
    const { directory } = setup.app.synth();
    const { dockerImages } = JSON.parse(readFileSync(join(directory, 'Stack.assets.json'), 'utf8'));
    const targets = Object.values<Json>(dockerImages).map(({ source }) => source.dockerBuildTarget);
    expect(targets.sort()).toEqual(['program', undefined]);
    const [{ source }] = Object.values<Json>(dockerImages);
    const dockerfile = readFileSync(resolve(directory, source.directory, 'Dockerfile'), 'utf8');
    expect(dockerfile).toMatch(/^FROM \S+ AS program$[^]*^FROM program\nCOPY --from=restic /m);
  });

  test('that stands alone starts its maintenance by its own role', () => {
    const setup = new Setup();
    const { stack, vpc } = setup;
    const shared = new Stack(setup.app, 'Shared');
    const repository = new FilesRepository(shared, 'Repository');
    new DatabaseBackup(stack, 'Media', {
      database: Database.files({ ...setup.efs(), repository }),
      schedule: BackupSchedule.daily({ hour: 3 }),
      bucket: new BackupBucket(stack, 'Bucket'),
      cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
      image: READY_IMAGE,
    });
    const rows = setup.statements('MediaSchedulerRole').map(row);
    expect(rows).toContainEqual([
      ...['Allow', ['ecs:RunTask']],
      expect.stringMatching(/task-definition\/Stack-media_maintain:\*$/),
      expect.anything(),
    ]);
  });
});

test('encryption of all other backups is not that of a repository', () => {
  const setup = new Setup();
  setup.create({ encryptTo: ['age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z'] });
  const repository = new FilesRepository(setup.stack, 'Repository');
  expect(() => setup.add({ database: Database.files({ ...setup.efs(), repository }) }, 'Media')).not.toThrow();
});

describe('refused', () => {
  const key = (stack: Stack) => secretsmanager.Secret.fromSecretNameV2(stack, 'Theirs', 'theirs');
  test.each<[string, string, (setup: Setup) => Given]>([
    [
      'encryption to people',
      'encryptTo must be left out with a repository, got: both: restic encrypts',
      () => ({ backup: { encryptTo: ['age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z'] } }),
    ],
    [
      'a secret of a user that restores',
      'restore.secret must be left out for Files',
      (setup) => ({ backup: { restore: { secret: setup.secret } } }),
    ],
    [
      'a key without a repository',
      'repositoryKey needs repository, got: none',
      ({ stack }) => ({ files: { repository: undefined, repositoryKey: key(stack) } }),
    ],
  ])('%s', (_, sentence, given) => {
    const setup = new Setup();
    const repository = new FilesRepository(setup.stack, 'Repository');
    const { files = {}, backup = {} } = given(setup);
    const database = Database.files({ ...setup.efs(), repository, ...files });
    expect(() => setup.add({ database, ...backup }, 'Media')).toThrow(sentence);
  });

  test('a second source of its name, whose backups are in another bucket', () => {
    const { setup, repository } = create();
    const { stack, vpc } = setup;
    const elsewhere = {
      database: Database.files({ ...setup.efs('More'), repository }),
      schedule: BackupSchedule.daily({ hour: 3 }),
      bucket: new BackupBucket(stack, 'Elsewhere'),
      cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
      ...{ image: READY_IMAGE, sourceName: 'media' },
    };
    expect(() => new DatabaseBackup(stack, 'Other', elsewhere)).toThrow(
      'source name must be unique in its FilesRepository, got: "media", which',
    );
  });
});

describe('a DatabaseBackup in another stack than the restore tests', () => {
  const beside = (repositoryIn: 'first' | 'second') => {
    const setup = new Setup();
    const { bucket, cluster, pruning, alarms, restoreTesting } = setup.backups;
    const second = new Stack(setup.app, 'Second');
    const repository = new FilesRepository(repositoryIn === 'first' ? setup.stack : second, 'Repository');
    new DatabaseBackup(second, 'Media', {
      ...{ bucket, cluster, pruning, alarms, restoreTesting },
      database: Database.files({ ...setup.efs(), repository }),
      schedule: BackupSchedule.daily({ hour: 3 }),
    });
    return () => setup.app.synth();
  };

  test('has its key beside the repository, which the tests need too', () => {
    expect(beside('first')).not.toThrow();
  });

  test('is refused with a repository in its own stack, with what to do', () => {
    expect(() => beside('second')).toThrow(
      /the FilesRepository must not be of the stack Second, which needs the stack of restoreTesting, Stack, .*: create it in Stack/,
    );
  });
});
