import { Duration, Lazy } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { AddDatabaseProps, RestoreOptions } from '../../../lib';
import { Database, PostgresqlVersion } from '../../../lib';
import type { Json } from '../support';
import { allows, flat, row, Setup } from '../support';

const TASK = 'AWS::ECS::TaskDefinition';
const BUCKET = '<BackupsBucket16A198DF.Arn>';
const KEY = '<BackupsBucketKey7BCD74E3.Arn>';
const VIA_S3 = { StringEquals: { 'kms:ViaService': expect.anything() } };

/** A backup whose restores use a secret of their own. */
function restorable(options: Partial<RestoreOptions> = {}, props: Partial<AddDatabaseProps> = {}) {
  const setup = new Setup();
  const secret = new secretsmanager.Secret(setup.stack, 'Writer');
  const backup = setup.add({ restore: { secret, ...options }, ...props });
  return Object.assign(setup, { backup });
}

const dump = (setup: Setup): Json => setup.resource(TASK, 'ShopTaskDefinition');
const restore = (setup: Setup): Json => setup.resource(TASK, 'ShopRestoreTaskDefinition');
function jobOf({ ContainerDefinitions: [container] }: Json): Json {
  const { Value } = container.Environment.find(({ Name }: Json) => Name === 'BACKUP_JOB');
  return JSON.parse(flat(Value).replace(/:(<[^>]+>)/g, ':"$1"'));
}
const secretsOf = ({ ContainerDefinitions: [container] }: Json) =>
  Object.fromEntries(container.Secrets.map(({ Name, ValueFrom }: Json) => [Name, flat(ValueFrom)]));

describe('the task', () => {
  test('has the image, the log and the size of the backup, and a command of its own', () => {
    const setup = restorable({}, { image: undefined, cpu: 2048, memoryLimitMiB: 8192, ephemeralStorageGiB: 40 });
    const [ours, theirs] = [restore(setup), dump(setup)];
    const [{ Image, LogConfiguration, Command, Name, MountPoints, ReadonlyRootFilesystem }] = ours.ContainerDefinitions;
    expect({ Image, LogConfiguration, Name, MountPoints, ReadonlyRootFilesystem }).toEqual(
      expect.objectContaining({
        Image: theirs.ContainerDefinitions[0].Image,
        LogConfiguration: theirs.ContainerDefinitions[0].LogConfiguration,
        MountPoints: theirs.ContainerDefinitions[0].MountPoints,
        ...{ Name: 'backup', ReadonlyRootFilesystem: true },
      }),
    );
    expect(Command.at(-1)).toBe('restore');
    for (const fact of ['Cpu', 'Memory', 'EphemeralStorage', 'RuntimePlatform', 'ExecutionRoleArn']) {
      expect(ours[fact]).toEqual(theirs[fact]);
    }
    expect(ours.Family).toBe('Stack-Backups-shop_restore');
    expect(ours.Tags).toEqual([{ Key: 'proven-backups:restore', Value: 'shop' }]);
    expect(theirs.Tags).toBeUndefined();
  });

  test('may have a size of its own', () => {
    const setup = restorable({ cpu: 4096, memoryLimitMiB: 16_384, ephemeralStorageGiB: 200 });
    expect(restore(setup)).toMatchObject({ Cpu: '4096', Memory: '16384', EphemeralStorage: { SizeInGiB: 200 } });
    expect(dump(setup)).toMatchObject({ Cpu: '1024', Memory: '2048' });
  });

  test('is told the server of the database, and not what to dump of it', () => {
    const setup = new Setup();
    const secret = new secretsmanager.Secret(setup.stack, 'Writer');
    setup.add({ database: setup.mysql({ port: 3307, databases: ['shop'] }), restore: { secret } });
    expect(jobOf(restore(setup))).toEqual({
      action: 'restore',
      source: 'shop',
      engine: 'mysql',
      bucket: '<BackupsBucket16A198DF>',
      timeoutSeconds: 43_200,
      scratchDirectory: '/scratch',
      server: { host: 'db.internal', port: 3307, tls: { mode: 'public' } },
    });
  });

  test.each([Duration.seconds(30), Duration.days(7)])('stops after its timeout', (timeout) => {
    expect(jobOf(restore(restorable({ timeout }))).timeoutSeconds).toBe(timeout.toSeconds());
  });

  test('gets user and password from its secret, with the keys of the other one', () => {
    const setup = new Setup();
    const secret = new secretsmanager.Secret(setup.stack, 'Writer');
    const database = setup.mysql({ usernameKey: 'user', passwordKey: 'pass' });
    setup.add({ database, restore: { secret, passwordKey: 'word' } });
    const own = (key: string) => expect.stringMatching(new RegExp(`^<Writer\\w+>:${key}::$`));
    expect(secretsOf(restore(setup))).toEqual({ DATABASE_USERNAME: own('user'), DATABASE_PASSWORD: own('word') });
    expect(Object.values(secretsOf(dump(setup))).join()).not.toContain('Writer');
  });

  test('of a file mounts it as the backup does, and has no secret', () => {
    const setup = new Setup();
    setup.add({ database: setup.sqlite('notes/shop.db'), restore: {} });
    const [ours, theirs] = [restore(setup), dump(setup)];
    expect(ours.Volumes).toEqual(theirs.Volumes);
    expect(ours.ContainerDefinitions[0].MountPoints).toEqual(theirs.ContainerDefinitions[0].MountPoints);
    expect(ours.ContainerDefinitions[0].Secrets).toBeUndefined();
    expect(jobOf(ours)).toMatchObject({ engine: 'sqlite', file: '/data/notes/shop.db' });
    const mounts = setup.statements('ShopRestoreRole').find(({ Action }) => [Action].flat()[0].startsWith('elastic'));
    expect(mounts).toEqual(
      setup.statements('ShopTaskRole').find(({ Action }) => [Action].flat()[0].startsWith('elastic')),
    );
  });

  test('of a cluster goes to the writer, also if the reader is dumped', () => {
    const setup = new Setup();
    const cluster = new rds.DatabaseCluster(setup.stack, 'Cluster', {
      vpc: setup.vpc,
      engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }),
      writer: rds.ClusterInstance.serverlessV2('Writer'),
      storageEncrypted: true,
    });
    const secret = new secretsmanager.Secret(setup.stack, 'Secret2');
    setup.add({ database: Database.fromCluster(cluster, { useReader: true }), restore: { secret } });
    expect(jobOf(dump(setup)).server.host).toMatch(/ReadEndpoint/);
    expect(jobOf(restore(setup)).server.host).toMatch(/\.Endpoint\.Address>$/);
  });

  test('is not there without restore', () => {
    const setup = new Setup();
    expect(setup.add().restoreTaskDefinition).toBeUndefined();
    setup.template().resourceCountIs(TASK, 2); // One of the restore tests.
  });
});

describe('least privilege', () => {
  test('the role reads the backups of its source, and changes nothing', () => {
    const setup = restorable();
    expect(setup.statements('ShopRestoreRole').map(row)).toEqual([
      ['Allow', ['s3:GetObject'], `${BUCKET}/shop/*/*`, undefined],
      ['Allow', ['kms:Decrypt'], KEY, VIA_S3],
      ['Deny', ['s3:PutObject*', 's3:DeleteObject*', 's3:BypassGovernanceRetention'], `${BUCKET}/*`, undefined],
    ]);
    const { AssumeRolePolicyDocument: trust, Path } = setup.resource('AWS::IAM::Role', 'ShopRestoreRole');
    expect(trust).toEqual(setup.resource('AWS::IAM::Role', 'ShopTaskRole').AssumeRolePolicyDocument);
    // Not below the path whose roles the scheduler may pass on.
    expect(flat(Path)).toBe('/proven-backups/restore/<AWS::Region>/Stack/Backups/');
  });

  test('no schedule may start it', () => {
    const setup = restorable();
    setup.add({ restore: { secret: setup.secret } }, 'Blog');
    const denied = setup.statements('SchedulerRole').filter(({ Effect }) => Effect === 'Deny');
    expect(denied.map(row)).toEqual([
      ['Deny', ['ecs:RunTask'], expect.stringMatching(/:task-definition\/Stack-Backups-\*_prove\*$/), undefined],
      ['Deny', ['ecs:RunTask'], expect.stringMatching(/:task-definition\/Stack-Backups-\*_restore\*$/), undefined],
    ]);
  });

  test('a person may start it, stop it and follow it, see the backups, and make one before', () => {
    const setup = restorable();
    const person = new iam.Role(setup.stack, 'Person', { assumedBy: new iam.AccountRootPrincipal() });
    setup.backup.grantRestore(person);
    const { Statement } = setup.resource('AWS::IAM::Policy', 'Person').PolicyDocument;
    const allowed = Statement.map(({ Action, Resource, Condition }: Json) => [
      [Action].flat().join(),
      [Resource].flat().map(flat).join(' '),
      ...(Condition ? [Condition] : []),
    ]);
    const task = (family: string) => expect.stringMatching(new RegExp(`:task-definition/Stack-Backups-${family}:\\*$`));
    const tasks = expect.stringMatching(/:task\/<BackupsCluster\w+>\/\*$/);
    expect(allowed).toEqual(
      expect.arrayContaining([
        ['ecs:RunTask', task('shop'), expect.anything()],
        ['ecs:RunTask', task('shop_restore'), expect.anything()],
        [
          'iam:PassRole',
          expect.stringMatching(/^<BackupsShopRestoreRole\S+ <BackupsShopExecutionRole\S+$/),
          expect.anything(),
        ],
        ['ecs:StopTask', tasks, { StringEquals: { 'aws:ResourceTag/proven-backups:restore': 'shop' } }],
        ['ecs:DescribeTasks', tasks],
        ['logs:GetLogEvents', expect.anything()],
        ['s3:ListBucket', BUCKET, { StringLike: { 's3:prefix': 'shop/*' } }],
        ['s3:GetObject,s3:RestoreObject', `${BUCKET}/shop/*/*`],
        ['kms:Decrypt', KEY, VIA_S3],
      ]),
    );
    for (const action of ['s3:PutObject', 's3:DeleteObject', 'secretsmanager:GetSecretValue']) {
      expect(allows(Statement, action, `${BUCKET}/shop/2026-11-20T02-00-00Z/shop.sql.zst`)).toBe(false);
    }
    expect(allows(Statement, 's3:GetObject', `${BUCKET}/shop-archive/2026-11-20T02-00-00Z/shop.sql.zst`)).toBe(false);
  });
});

const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:';
type Bad = readonly [name: string, props: (setup: Setup) => Partial<AddDatabaseProps>, sentence: string];
const writer = (setup: Setup) => ({ secret: new secretsmanager.Secret(setup.stack, 'Writer') });
const CASES: readonly Bad[] = [
  [
    'no secret for a server',
    () => ({ restore: {} }),
    'restore.secret must be given for MySQL, got: undefined: give the secret of a user that may write; that of the backup should only read',
  ],
  [
    'a secret for a file',
    (setup) => ({ database: setup.sqlite(), restore: writer(setup) }),
    'restore.secret must be left out for SQLite, which has no users, got: a secret, or a key of one',
  ],
  [
    'a key of a secret for a file',
    (setup) => ({ database: setup.sqlite(), restore: { usernameKey: 'user' } }),
    'restore.secret must be left out for SQLite, which has no users, got: a secret, or a key of one',
  ],
  [
    'a secret by an ARN that AWS takes for a complete one',
    ({ stack }) => ({
      restore: { secret: secretsmanager.Secret.fromSecretPartialArn(stack, 'Part', `${SECRET_ARN}shop-writer`) },
    }),
    'restore.secret must be given by its complete ARN where its name ends in a hyphen and six characters, got: shop-writer: AWS takes "-writer" for the end of an ARN; give the ARN that "aws secretsmanager describe-secret --secret-id shop-writer" shows, with Secret.fromSecretCompleteArn or, in backups.yaml, as secret',
  ],
  [
    'an empty key',
    (setup) => ({ restore: { ...writer(setup), usernameKey: '' } }),
    'restore.usernameKey and restore.passwordKey must be keys of the JSON in the secret, got: an empty text',
  ],
  [
    'a key with a colon',
    (setup) => ({ restore: { ...writer(setup), passwordKey: 'a:b' } }),
    'restore.usernameKey and restore.passwordKey must be without a colon, which ends a key for ECS, got: "a:b": rename it',
  ],
  [
    'no security group',
    (setup) => ({ restore: { ...writer(setup), securityGroups: [] } }),
    'restore.securityGroups must be 1 to 5, got: 0: leave them out to use those of the backup',
  ],
  [
    'a security group that is missing',
    (setup) => ({ restore: { ...writer(setup), securityGroups: [undefined as unknown as ec2.ISecurityGroup] } }),
    'restore.securityGroups[0] must be given, got: undefined: check where it comes from, for example an environment variable',
  ],
  [
    'too little disk',
    (setup) => ({ restore: { ...writer(setup), ephemeralStorageGiB: 20 } }),
    'restore.ephemeralStorageGiB must be a whole number from 21 to 200 GiB, got: 20',
  ],
  [
    'a CPU that Fargate does not have',
    (setup) => ({ restore: { ...writer(setup), cpu: 1000 } }),
    'restore.cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 is one vCPU), got: 1000',
  ],
  [
    'memory that does not fit the CPU of the backup',
    (setup) => ({ restore: { ...writer(setup), memoryLimitMiB: 512 } }),
    'restore.memoryLimitMiB with cpu 1024 must be one of 2048, 3072, 4096, 5120, 6144, 7168, 8192, got: 512',
  ],
  [
    'a timeout that is too short',
    (setup) => ({ restore: { ...writer(setup), timeout: Duration.seconds(29) } }),
    'restore.timeout must be a whole number from 30 to 604800 seconds, got: 29',
  ],
  [
    'a timeout that is a token',
    (setup) => ({
      restore: { ...writer(setup), timeout: Duration.seconds(Lazy.number({ produce: () => 60 })) },
    }),
    'restore.timeout must be known at synth, got: a token: write the value itself',
  ],
  [
    'a read replica',
    (setup) => {
      const { stack, vpc, secret } = setup;
      const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16_4 });
      const sourceDatabaseInstance = new rds.DatabaseInstance(stack, 'Primary', { vpc, engine });
      const instanceType = ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO);
      const replica = new rds.DatabaseInstanceReadReplica(stack, 'Replica', {
        ...{ vpc, sourceDatabaseInstance, instanceType },
      });
      const database = Database.fromInstance(replica, { secret, version: PostgresqlVersion.V16 });
      return { database, restore: writer(setup) };
    },
    'restore needs a database that takes writes, got: a read replica: leave restore out, or back up the instance that it is a replica of',
  ],
];

test.each(CASES)('refused: %s', (_, props, sentence) => {
  const setup = new Setup();
  expect(() => setup.add(props(setup))).toThrow(new Error(`Stack/Backups/Shop: ${sentence}`));
});

test('the secret of the backup is a warning, unless it has another user in it', () => {
  const setup = new Setup();
  const { secret, stack } = setup;
  setup.add({ restore: { secret } });
  setup.add({ restore: { secret, usernameKey: 'writer', passwordKey: 'word' } }, 'Blog');
  const again = (id: string) => secretsmanager.Secret.fromSecretNameV2(stack, id, 'notes/backup');
  setup.add({ database: setup.mysql({ secret: again('One') }), restore: { secret: again('Two') } }, 'Notes');
  const warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('restore.secret'));
  expect(warnings.map(({ id }) => id)).toEqual(['/Stack/Backups/Shop', '/Stack/Backups/Notes']);
  expect(warnings[0]!.entry.data).toMatch(
    /^restore\.secret is the secret of the backup, whose user should only read: give that of another user, which may write/,
  );
});

test('there is nothing to grant without a restore', () => {
  const setup = new Setup();
  const role = new iam.Role(setup.stack, 'Person', { assumedBy: new iam.AccountRootPrincipal() });
  expect(() => setup.add().grantRestore(role)).toThrow(
    'Stack/Backups/Shop: grantRestore must have something to grant, got: a backup without restore: give restore',
  );
});
