import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { AddDatabaseProps, FilesProps, InstanceRunnerProps, SqliteProps } from '../../../lib';
import { BackupBeforeDeployment, BackupRunner, BackupSchedule, Database } from '../../../lib';
import { HOST_EXITS } from '../../../catalog/contract/instance';
import { flat, Setup } from '../support';

// A synthesised template is looked at piece by piece: its type would be no help.
/* eslint-disable @typescript-eslint/no-explicit-any */

let setup: Setup;
beforeEach(() => (setup = new Setup()));

const INSTANCE = 'i-0a1b2c3d4e5f60718';
const roleOf = ({ stack }: Setup): iam.IRole =>
  (stack.node.tryFindChild('Vm') as iam.IRole | undefined) ?? iam.Role.fromRoleName(stack, 'Vm', 'vm');
const runner = (props: Partial<InstanceRunnerProps> = { instanceId: INSTANCE }): BackupRunner =>
  BackupRunner.instances({ role: roleOf(setup), ...props });
const add = (props: Partial<AddDatabaseProps> = {}, id = 'Shop') => setup.add({ runsOn: runner(), ...props }, id);

const documentOf = (): Record<string, any> => setup.resource('AWS::SSM::Document', 'ShopDocument');
const scriptOf = (): string =>
  documentOf()
    .Content.mainSteps[0].inputs.runCommand.map((line: unknown) => flat(encoded(line)))
    .join('\n');

/** As CloudFormation encodes it. */
function encoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(encoded);
  if (typeof value !== 'object' || value === null) return value;
  const inner = (value as Record<string, unknown>)['Fn::Base64'];
  if (inner !== undefined) return Buffer.from(flat(inner)).toString('base64');
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, encoded(one)]));
}

test('a document in place of a task: no task definition, no security group', () => {
  const backup = add();
  setup
    .template()
    .resourcePropertiesCountIs(
      'AWS::ECS::TaskDefinition',
      Match.objectLike({ Family: Match.stringLikeRegexp('shop$') }),
      0,
    );
  expect(backup.taskDefinition).toBeUndefined();
  expect(backup.container).toBeUndefined();
  expect(backup.securityGroups).toEqual([]);
  expect(documentOf()).toMatchObject({
    Name: 'Stack-Backups-shop',
    DocumentType: 'Command',
    UpdateMethod: 'NewVersion',
    Content: {
      schemaVersion: '2.2',
      mainSteps: [{ action: 'aws:runShellScript', inputs: { timeoutSeconds: `${0.9 * 6 * 3600 + 900}` } }],
    },
  });
});

test('the schedule sends it to the instance, with the scheduled time', () => {
  add();
  const { Target, State } = setup.resource('AWS::Scheduler::Schedule', 'Shop');
  expect(State).toBe('ENABLED');
  expect(flat(Target.Arn)).toBe('arn:<AWS::Partition>:scheduler:::aws-sdk:ssm:sendCommand');
  expect(Target.DeadLetterConfig).toBeDefined();
  expect(JSON.parse(flat(Target.Input))).toEqual({
    DocumentName: expect.stringMatching(/^<.*Document.*>$/) as string,
    DocumentVersion: '$LATEST',
    InstanceIds: [INSTANCE],
    MaxConcurrency: '1',
    TimeoutSeconds: 600,
    Parameters: {
      trigger: ['schedule'],
      scheduledTime: ['<aws.scheduler.scheduled-time>'],
      scheduleArn: ['<aws.scheduler.schedule-arn>'],
    },
  });
});

test('an instance by its tags', () => {
  add({ runsOn: runner({ tags: { Name: 'vm', Stage: 'live' } }) });
  const { Input } = setup.resource('AWS::Scheduler::Schedule', 'Shop').Target;
  const { Targets, InstanceIds } = JSON.parse(flat(Input)) as Record<string, unknown>;
  expect(InstanceIds).toBeUndefined();
  expect(Targets).toEqual([
    { Key: 'tag:Name', Values: ['vm'] },
    { Key: 'tag:Stage', Values: ['live'] },
  ]);
  const sends = setup.statements('SchedulerRole').filter(({ Action }) => Action === 'ssm:SendCommand');
  expect(sends.map(({ Resource, Condition }) => [flat(Resource), Condition])).toEqual([
    ['arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:document/Stack-Backups-*', undefined],
    [
      'arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:instance/*',
      { StringEquals: { 'ssm:resourceTag/Name': 'vm', 'ssm:resourceTag/Stage': 'live' } },
    ],
  ]);
});

test('the role of the instance may take on two roles, and write the log of the source: nothing else', () => {
  add();
  const { PolicyDocument, PolicyName, Roles } = setup.resource('AWS::IAM::Policy', 'HostPolicy');
  // Another stack may give the same role a policy of the same construct.
  expect(flat(PolicyName)).toMatch(/^Stack-/);
  expect(Roles).toEqual(['vm']);
  const allowed = PolicyDocument.Statement.map(({ Action, Resource }: Record<string, any>) => [
    [Action].flat().join(' '),
    [Resource].flat().map(flat),
  ]);
  expect(allowed.slice(0, 2)).toEqual([
    ['sts:AssumeRole', [expect.stringContaining('TaskRole'), expect.stringContaining('ExecutionRole')]],
    [
      'logs:CreateLogStream logs:PutLogEvents',
      [expect.stringMatching(/:log-group:<.*LogGroup.*>:log-stream:shop\/\*$/)],
    ],
  ]);
  for (const id of ['TaskRole', 'ExecutionRole']) {
    const [{ Principal, Condition }] = setup.resource('AWS::IAM::Role', `Shop${id}`).AssumeRolePolicyDocument.Statement;
    expect(flat(Principal.AWS)).toBe('arn:<AWS::Partition>:iam::<AWS::AccountId>:role/vm');
    expect(Condition).toBeUndefined();
  }
  // The program: as in a task. The script: the secret; the log is the business of Docker.
  const actions = (id: string) =>
    setup.statements(id).flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : []));
  expect(actions('ShopTaskRole')).not.toContain('secretsmanager:GetSecretValue');
  expect(actions('ShopExecutionRole')).toEqual(['secretsmanager:GetSecretValue']);
});

test('one policy of the role serves all sources of a stack: it has 10,240 characters for them', () => {
  const names = Array.from({ length: 3 }, (_, index) => `Shop${index}`);
  for (const name of names) add({ restore: { secret: new Secret(setup.stack, `Restorer${name}`) } }, name);
  const policies = Object.values(setup.template().findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
    JSON.stringify(Properties.Roles).includes('vm'),
  );
  expect(policies).toHaveLength(1);
  const { Statement } = policies[0]!.Properties.PolicyDocument;
  expect(Statement.map(({ Action }: any) => [Action].flat()[0])).toEqual([
    'sts:AssumeRole',
    'logs:CreateLogStream',
    'kms:Encrypt',
    'kms:DescribeKey',
  ]);
  expect(Statement[0].Resource).toHaveLength(3 * names.length);
});

test('no parameter of Systems Manager but ours is in the script, whatever the job says', () => {
  add({ database: setup.mysql({ databases: ['{{ssm:x}}', "o'neil"] }) });
  const script = scriptOf();
  expect([...script.matchAll(/\{\{.*?\}\}/g)].map(([text]) => text)).toEqual([
    '{{ trigger }}',
    '{{ scheduledTime }}',
    '{{ scheduleArn }}',
  ]);
  const { parameters } = documentOf().Content;
  const hostile = "'; rm -rf /; '";
  for (const name of ['scheduledTime', 'scheduleArn'])
    expect(new RegExp(parameters[name].allowedPattern).test(hostile)).toBe(false);
  expect(
    new RegExp(parameters.scheduleArn.allowedPattern).test('arn:aws:scheduler:eu-west-1:1:schedule/a_b/c.d-e'),
  ).toBe(true);
  expect(parameters.trigger.allowedValues).toContain('schedule');
});

test('limits and network are those of the runner', () => {
  add({ runsOn: runner({ instanceId: INSTANCE, network: 'shop_default', cpus: 2, memoryLimitMiB: 1024 }) });
  const script = scriptOf();
  expect(script).toContain("--network 'shop_default' --cpus 2 ");
  expect(script).toContain('--memory 1024m --memory-swap 1024m');
});

describe('what lies on the instance is mounted for reading only', () => {
  const jobOf = (script: string): Record<string, unknown> => {
    const [, job = ''] = /echo '(\S+)' \| base64 -d/.exec(script)!;
    return JSON.parse(Buffer.from(job, 'base64').toString()) as Record<string, unknown>;
  };
  const sqlite = (props: SqliteProps) => Database.sqlite(props);
  const files = (props: FilesProps) => Database.files(props);

  test.each<[string, Database, string, string, string]>([
    ['a file', sqlite({ path: '/srv/my app/$shop.db' }), '/data/$shop.db', 'bind', '/srv/my app'],
    ['a file in a volume', sqlite({ volume: 'app_data', path: 'a/shop.db' }), '/data/a/shop.db', 'volume', 'app_data'],
    ['files', files({ path: '/srv/media/' }), '/data', 'bind', '/srv/media'],
    ['all of a volume', files({ volume: 'app_data' }), '/data', 'volume', 'app_data'],
    ['files in a volume', files({ volume: 'app_data', path: 'conf/' }), '/data/conf', 'volume', 'app_data'],
  ])('%s', (_, database, file, type, source) => {
    add({ database });
    const script = scriptOf();
    expect(jobOf(script)).toMatchObject({ file });
    expect(script).toContain(`\ndata='${source}'\nuser='0:0'\n`);
    expect(script).toContain(
      `--mount "type=${type},source=$data,destination=/data,readonly${type === 'volume' ? ',volume-nocopy' : ''}"`,
    );
  });

  test('root reads it with no more capabilities than that takes; a server needs none', () => {
    add({ database: sqlite({ path: '/srv/shop.db' }) });
    expect(scriptOf()).toMatch(/--cap-drop ALL .*--user "\$user" --cap-add DAC_OVERRIDE --mount/);
    setup = new Setup();
    add({ database: files({ path: '/srv' }) });
    expect(scriptOf()).toContain('--cap-add DAC_OVERRIDE --cap-add CHOWN --cap-add FOWNER --mount');
    setup = new Setup();
    add();
    expect(scriptOf()).not.toMatch(/--cap-add|--user "|@DATA@/);
  });

  test('in the network of Docker, unless another one is given; a server in that of the host', () => {
    add({ database: sqlite({ path: '/srv/shop.db' }) });
    expect(scriptOf()).toContain("--network 'bridge' ");
    setup = new Setup();
    const database = files({ path: '/srv' });
    add({ database, runsOn: runner({ instanceId: INSTANCE, network: 'host' }) });
    expect(scriptOf()).toContain("--network 'host' ");
    setup = new Setup();
    add();
    expect(scriptOf()).toContain("--network 'host' ");
  });

  test('no task mounts it', () => {
    expect(() => setup.add({ database: sqlite({ path: '/srv/shop.db' }) })).toThrow(
      'runsOn must be BackupRunner.instances({ … }) for a path on an instance or a volume of Docker, got: Fargate: say which instance it is, or give fileSystem and accessPoint of EFS',
    );
  });

  const PATH = (example: string) =>
    `path must be below a directory of the instance, without //, . and .., quotes, commas and {{, for example '/srv/shop/${example}', got: `;
  const both = (name: string) =>
    `${name} must be left out for what is on an instance, got: both: it is for EFS; say where the files are`;
  test.each<[string, () => Database, string]>([
    ['all of the instance', () => files({ path: '/' }), `${PATH('media')}"/"`],
    ['a file of its root', () => sqlite({ path: '/shop.db' }), `${PATH('shop.db')}"/shop.db"`],
    ['all of it by another name', () => sqlite({ path: '//shop.db' }), `${PATH('shop.db')}"//shop.db"`],
    ['an empty part', () => files({ path: '/srv//media' }), `${PATH('media')}"/srv//media"`],
    ['a way up', () => files({ path: '/srv/../etc' }), `${PATH('media')}"/srv/../etc"`],
    ['an option of Docker', () => files({ path: '/srv,readonly=false' }), `${PATH('media')}"/srv,readonly=false"`],
    ['a part of the script', () => files({ path: "/srv'; reboot" }), `${PATH('media')}"/srv'; reboot"`],
    ['a parameter', () => files({ path: '/srv/{{x}}' }), `${PATH('media')}"/srv/{{x}}"`],
    [
      'a volume with a slash',
      () => files({ volume: '/srv' }),
      'volume must be the name of a volume of Docker, got: "/srv"',
    ],
    [
      'a path that leads out of a volume',
      () => sqlite({ volume: 'data', path: '/shop.db' }),
      'path must be relative to the volume, without .., for example \'shop.db\', got: "/shop.db"',
    ],
    ['a file system, too', () => files({ ...setup.efs(), volume: 'data' }), both('fileSystem')],
    ['rootAccess', () => files({ path: '/srv', rootAccess: false }), both('rootAccess')],
  ])('%s is refused', (_, database, sentence) => {
    expect(() => add({ database: database() })).toThrow(sentence);
  });
});

describe('the script, with a docker that fails', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'instance-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /**
   * @param commands of Docker, by their first words, as a shell knows them; all others succeed and say nothing
   * @param change changes the script, for what nobody waits for
   * @param aws script of the AWS CLI
   */
  function run(commands: string, change = (script: string) => script, aws = 'echo id key token') {
    const stub = (name: string, text: string) =>
      writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    stub('docker', `echo "$*" >>'${folder}/asked'\ncase "$*" in\n${commands}\nesac`);
    stub('aws', aws);
    const script = change(scriptOf())
      .replaceAll('/run/proven-backups', `${folder}/proven-backups`)
      .replaceAll('chown', ': chown')
      .replace(/^PATH=.*$/m, '')
      .replace(/\{\{ \w+ \}\}/g, '');
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const { status, stderr } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', env });
    const handed = readdirSync(folder).filter((name) => name.startsWith('proven-backups.'));
    return { status, stderr, handed, asked: readFileSync(path.join(folder, 'asked'), 'utf8') };
  }
  const RUN = `run*) while [ "$1" != --cidfile ]; do shift; done; echo 0123456789ab >"$2" ;;`;

  test('a container that is gone is lost, and nothing is left of it', () => {
    add();
    expect(run(`${RUN}\nwait*) exit 1 ;;`)).toMatchObject({
      ...{ status: HOST_EXITS.lost, stderr: 'the container of the run is gone\n', handed: [] },
      asked: expect.stringContaining('ps --all --quiet --filter id=0123456789ab\n') as string,
    });
  });

  test('what was handed to a container stays until that is removed', () => {
    add();
    const kept = run(`${RUN}\nwait*) echo 1 ;;\nrm*) exit 1 ;;\nps*id=*) echo 0123456789ab ;;`);
    expect(kept).toMatchObject({ status: 1, handed: [expect.any(String)] });
  });

  test('Docker warns of a password in a file, which is not said', () => {
    fromEcr();
    const warned = run(`${RUN}\nwait*) echo 0 ;;\n*login*) echo 'WARNING! Your password' >&2 ;;`);
    expect(warned).toMatchObject({ status: 0, stderr: '' });
    expect(warned.asked).toMatch(/ pull --quiet 111122223333\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/shop:1$/m);
  });

  const ENDS = `${RUN}\nwait*) echo 0 ;;`;
  const HERE = `image?inspect*) echo '        "Id": "sha256:old",' ;;`;
  const HANGS = 'exec sleep 60';
  /** Limits in seconds, not minutes. */
  const soon = (script: string) => script.replace(/timeout \d+/g, 'timeout 1').replace('%s) + 300)', '%s) + 1)');
  const fromEcr = () =>
    add({ image: ecs.ContainerImage.fromRegistry('111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1') });
  const AWAY = 'Docker did not answer for 5 minutes\n';
  const NOT_PULLED = 'the image 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1 could not be pulled';
  const NOT_LET_IN = 'ECR did not let this instance in: the one that is here runs\n';

  test.each<[string, string, number, string]>([
    ['from the start', `version*) ${HANGS} ;;`, HOST_EXITS.docker, 'Docker does not answer: start it\n'],
    ['in the search for leftovers', `ps*name=*) ${HANGS} ;;\n${ENDS}`, 0, ''],
    ['when the container is to start', `run*) ${HANGS} ;;`, HOST_EXITS.lost, AWAY],
    ['while the container runs', `${RUN}\nwait*|ps*id=*|rm*) ${HANGS} ;;`, HOST_EXITS.lost, AWAY],
    ['when the container is to go', `${ENDS}\nrm*) ${HANGS} ;;`, 0, ''],
    ['in a login', `${HERE}\n${ENDS}\n*login*) ${HANGS} ;;`, 0, NOT_LET_IN],
    ['in a pull', `${HERE}\n${ENDS}\n*pull*) ${HANGS} ;;`, 0, `${NOT_PULLED}: the one that is here runs\n`],
  ])('one that hangs %s ends no script, and no run that has an image', (_, commands, status, stderr) => {
    fromEcr();
    expect(run(commands, soon)).toMatchObject({ status, stderr });
  });

  test('an ECR that hangs ends no run that has an image', () => {
    fromEcr();
    const aws = `case $1 in ecr) ${HANGS} ;; esac; echo id key token`;
    expect(run(`${HERE}\n${ENDS}\n*login*) read -r password ;;`, soon, aws)).toMatchObject({
      status: 0,
      stderr: NOT_LET_IN,
    });
  });

  test('what a run cannot do without is pulled however long it takes', () => {
    fromEcr();
    expect(run(`image*) exit 1 ;;\n${ENDS}\n*pull*) sleep 2 ;;`, soon)).toMatchObject({ status: 0, stderr: '' });
    expect(run(`image*) exit 1 ;;\n*pull*) exit 1 ;;`)).toMatchObject({
      status: HOST_EXITS.image,
      stderr: `${NOT_PULLED}\n`,
    });
  });

  test('no call of Docker is without a limit, but a pull', () => {
    add({ database: Database.files({ volume: 'data' }) });
    const calls = [...scriptOf().matchAll(/(\S+ \S+) docker (?!is |>)/g)].map(([, before]) => before);
    expect(calls.length).toBeGreaterThan(10);
    expect(calls.filter((before) => !/\btimeout \d+$/.test(before!))).toEqual(['|| $limit']);
  });

  test.each([
    ['goes once it has no tag', 'sha256:old', ['rmi sha256:old']],
    ['stays while it has one', 'sha256:older', null],
  ])('the image before %s', (_, without, removed) => {
    fromEcr();
    const { asked } = run(`${HERE}\n${ENDS}\nimages*dangling*) echo ${without} ;;`);
    expect(asked.match(/^rmi .*/gm)).toEqual(removed);
  });

  test.each<[string, string, boolean]>([
    ['goes with its container', '/proven-backups.Ab3/handed', false],
    ['stays with a container that cannot be removed', '/proven-backups.Ab3/handed', true],
    ['stays if it is none of ours', '/other.Ab3/handed', true],
  ])('what was handed to an interrupted run %s', (what, handed, stays) => {
    add();
    mkdirSync(path.join(folder, handed), { recursive: true });
    const facts = JSON.stringify({ FinishedAt: '2026-01-01T00:00:00Z', Source: `${folder}${handed}` }, undefined, 2);
    const remove = what.includes('cannot') ? 'rm*old*) exit 1 ;;' : '';
    run(`ps*name=*) echo old ;;\ninspect?old) echo '${facts}' ;;\n${remove}\n${ENDS}`);
    expect(existsSync(path.join(folder, handed))).toBe(stays);
  });
});

test.each<[string, () => ecs.ContainerImage | undefined, string]>([
  ['the image of the engine', () => undefined, 'missing'],
  [
    'an image that is built with the stack',
    () => ecs.ContainerImage.fromAsset(path.join(__dirname, '../../../examples/postgresql-extensions/postgres')),
    'missing',
  ],
  ['an image with a digest', () => ecs.ContainerImage.fromRegistry(`shop@sha256:${'0'.repeat(64)}`), 'missing'],
  ['an image with a tag', () => ecs.ContainerImage.fromRegistry('registry.example.com/shop:8'), 'always'],
  [
    'an image of a repository',
    () => ecs.ContainerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(setup.stack, 'Repository', 'shop')),
    'always',
  ],
])('%s', (_, image, pull) => {
  add({ image: image() });
  expect(scriptOf()).toMatch(new RegExp(`^pull='${pull}'$`, 'm'));
});

test('the directory and the alarms know it', () => {
  add();
  const parameters = Object.values(setup.template().findResources('AWS::SSM::Parameter'));
  const directory = parameters.find(({ Properties }) => Properties.Description === 'How to act on each source')!;
  const { sources } = JSON.parse(flat(directory.Properties.Value)) as { sources: Record<string, unknown> };
  expect(sources.shop).toEqual({
    engine: 'mysql',
    command: {
      document: expect.stringContaining('Document') as string,
      logGroup: expect.stringContaining('LogGroup') as string,
      instanceId: INSTANCE,
    },
  });
  setup.template().hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.ssm'],
      detail: {
        'document-name': [
          { prefix: 'Stack-Backups-' },
          { prefix: 'restore.Stack-Backups-' },
          { prefix: 'Stack-Backups-RestoreTesting-' },
          { prefix: 'restore.Stack-Backups-RestoreTesting-' },
        ],
        status: [{ 'anything-but': ['Pending', 'InProgress', 'Delayed', 'Cancelling'] }],
      },
    },
  });
  const actions = setup.statements('AlarmsNotifyRole').flatMap(({ Action }) => Action as string);
  expect(actions).toEqual(expect.arrayContaining(['ssm:GetCommandInvocation', 'ssm:ListCommands']));
});

test('without runs on instances the alarms look at no commands', () => {
  setup.add();
  const rules = JSON.stringify(setup.template().findResources('AWS::Events::Rule'));
  expect(rules).not.toContain('aws.ssm');
  expect(JSON.stringify(setup.template().findResources('AWS::IAM::Role'))).not.toContain('ssm:GetCommandInvocation');
});

test('grantRun allows the document on the instance, and to follow it', () => {
  const backup = add();
  const user = new iam.User(setup.stack, 'User');
  backup.grantRun(user);
  const { PolicyDocument } = setup.resource('AWS::IAM::Policy', 'User');
  const actions = PolicyDocument.Statement.flatMap(({ Action }: Record<string, any>) => Action);
  expect(actions.sort()).toEqual([
    'kms:Decrypt',
    'logs:GetLogEvents',
    'ssm:DescribeInstanceInformation',
    'ssm:GetCommandInvocation',
    'ssm:GetParametersByPath',
    'ssm:SendCommand',
    'ssm:SendCommand',
  ]);
});

describe('restore', () => {
  const restoreScript = (): string =>
    setup
      .resource('AWS::SSM::Document', 'RestoreDocument')
      .Content.mainSteps[0].inputs.runCommand.map((line: unknown) => flat(encoded(line)))
      .join('\n');
  const restoring = (props: Partial<AddDatabaseProps> = {}) => {
    const secret = new Secret(setup.stack, 'Restorer');
    return add({ restore: { secret }, ...props });
  };

  test('a document of its own, which no schedule may send, and its role: that of the instance takes it on', () => {
    expect(restoring().restoreTaskDefinition).toBeUndefined();
    const { Name, Content } = setup.resource('AWS::SSM::Document', 'RestoreDocument');
    expect(Name).toBe('restore.Stack-Backups-shop');
    expect(Content.parameters).toEqual({
      run: { type: 'String', allowedPattern: '^[0-9a-f-]{36}$' },
      request: { type: 'String', allowedPattern: '^[A-Za-z0-9+/=]+$' },
      notAfter: { type: 'String', allowedPattern: '^[0-9]{10}$' },
    });
    const sends = setup.statements('SchedulerRole').filter(({ Action }) => Action === 'ssm:SendCommand');
    const [allowed, denied] = ['Allow', 'Deny'].map((effect) =>
      sends.filter(({ Effect }) => Effect === effect).map(({ Resource }) => flat(Resource)),
    );
    expect(allowed!.join()).not.toContain('restore');
    expect(denied).toEqual([expect.stringMatching(/:document\/restore\.Stack-Backups-\*$/)]);
    const [{ Principal }] = setup.resource('AWS::IAM::Role', 'RestoreRole').AssumeRolePolicyDocument.Statement;
    expect(flat(Principal.AWS)).toMatch(/:role\/vm$/);
    const { Statement } = setup.resource('AWS::IAM::Policy', 'HostPolicy').PolicyDocument;
    expect(Statement[0].Resource.map(flat)).toContainEqual(expect.stringContaining('RestoreRole'));
    const granted = setup.statements('RestoreRole').flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : []));
    expect(granted.join()).not.toMatch(/PutObject|DeleteObject/);
  });

  test('its script restores what the request says, with the secret of the restore', () => {
    restoring();
    const script = restoreScript();
    expect(script).toContain("run='{{ run }}'\nRESTORE_REQUEST=$(echo '{{ request }}' | base64 -d)\n");
    expect(script).toContain('--env BACKUP_JOB --env RESTORE_REQUEST --env DATABASE_SECRET_FILE');
    expect(script).toMatch(/main\.js restore >\/dev\/null/);
    expect(script).not.toContain('BACKUP_TRIGGER');
    expect(script).toMatch(/^secret_id='<Restorer/m);
    expect(scriptOf()).not.toContain('Restorer');
  });

  test('the same restore starts once, and one that was sent long ago never', () => {
    restoring();
    const folder = mkdtempSync(path.join(tmpdir(), 'instance-'));
    const stub = (name: string, text: string) =>
      writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    // A container of the first delivery has the name, which Docker refuses then.
    stub('docker', `echo "$*" >>'${folder}/asked'; case $1 in run) exit 125 ;; esac`);
    stub('aws', 'echo id key token');
    const script = restoreScript()
      .replaceAll('/run/proven-backups', `${folder}/proven-backups`)
      .replaceAll('chown', ': chown')
      .replace(/^PATH=.*$/m, '');
    const send = (notAfter: number, run = '1f0e6a3b-2f2e-4f0e-9f2e-1f0e6a3b2f2e') => {
      const values: Record<string, string> = { run, request: 'e30=', notAfter: `${notAfter}` };
      const text = script.replace(/\{\{ (\w+) \}\}/g, (_, name: string) => values[name]!);
      const { status, stderr } = spawnSync('/bin/sh', ['-c', text], {
        encoding: 'utf8',
        env: { PATH: `${folder}:${process.env.PATH}` },
      });
      return [status, stderr];
    };
    const now = Math.floor(Date.now() / 1000);
    try {
      expect(send(now + 60)).toEqual([HOST_EXITS.container, 'Docker did not start the container\n']);
      expect(send(now + 60)).toEqual([HOST_EXITS.repeated, 'this restore was started already\n']);
      expect(send(now - 1, randomUUID())).toEqual([
        HOST_EXITS.repeated,
        'this restore was sent too long ago: start it anew\n',
      ]);
      const asked = readFileSync(path.join(folder, 'asked'), 'utf8');
      expect(asked.match(/^run /gm)).toHaveLength(1);
      // It is not that of this script.
      expect(asked).not.toMatch(/^rm /m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('files are mounted for writing in that run alone', () => {
    restoring({ database: Database.files({ path: '/srv' }), restore: {} });
    const mount = '--mount "type=bind,source=$data,destination=/data';
    expect(restoreScript()).toContain(`${mount}"`);
    expect(scriptOf()).toContain(`${mount},readonly"`);
  });

  test('root has the capabilities that the engine needs to give back what it keeps', () => {
    restoring({ database: Database.files({ path: '/srv' }), restore: {} });
    const capabilities = () => [...restoreScript().matchAll(/--cap-add (\w+)/g)].map(([, name]) => name);
    expect(capabilities()).toEqual(['DAC_OVERRIDE', 'CHOWN', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP']);
    setup = new Setup();
    restoring({ database: Database.sqlite({ path: '/srv/shop.db' }), restore: {} });
    expect(capabilities()).toEqual(['DAC_OVERRIDE', 'CHOWN', 'FOWNER']);
  });

  test('the directory has it, and grantRestore allows it', () => {
    const backup = restoring();
    const user = new iam.User(setup.stack, 'User');
    backup.grantRestore(user);
    const parameters = Object.values(setup.template().findResources('AWS::SSM::Parameter'));
    const directory = parameters.find(({ Properties }) => Properties.Description === 'How to act on each source')!;
    const { sources } = JSON.parse(flat(directory.Properties.Value)) as { sources: Record<string, any> };
    expect(sources.shop.command.restore).toMatch(/RestoreDocument/);
    const { Statement } = setup.resource('AWS::IAM::Policy', 'User').PolicyDocument;
    const documents = Statement.filter(({ Action }: any) => Action === 'ssm:SendCommand').map(({ Resource }: any) =>
      flat(Resource),
    );
    expect(documents.filter((arn: string) => arn.includes(':document/'))).toHaveLength(2);
    expect(JSON.stringify(Statement)).toContain('s3:GetObject');
    expect(JSON.stringify(Statement)).not.toContain('ecs:');
  });
});

test('fargate() is the default', () => {
  expect(setup.add({ runsOn: BackupRunner.fargate() }).taskDefinition).toBeDefined();
});

const BOTH =
  'must be left out with runsOn: BackupRunner.instances(…), got: both: it is for tasks of Fargate; docs/instances.md says what an instance has in its place';

test.each<[string, () => unknown, string]>([
  ['cpu', () => add({ cpu: 512 }), `cpu ${BOTH}`],
  ['spot', () => add({ spot: false }), `spot ${BOTH}`],
  ['the size of a restore', () => add({ restore: { secret: setup.secret, cpu: 512 } }), `restore.cpu ${BOTH}`],
  [
    'private keys for a restore',
    () => add({ restore: { secret: setup.secret, identity: setup.secret } }),
    `restore.identity ${BOTH}`,
  ],
  [
    'a restore of days',
    () => add({ restore: { secret: setup.secret, timeout: Duration.hours(48) } }),
    'restore.timeout must be at most 169200 seconds on an instance, got: 172800 seconds: Systems Manager ends what takes longer; shorten it',
  ],
  [
    'a file on EFS',
    () => add({ database: setup.sqlite() }),
    'runsOn must be BackupRunner.fargate() for a file system of EFS, got: an instance: leave runsOn out, or give the path on the instance in place of fileSystem and accessPoint',
  ],
  [
    'security groups of the database',
    () => {
      const group = ec2.SecurityGroup.fromSecurityGroupId(setup.stack, 'Clients', 'sg-0a1b2c3d');
      return add({ database: setup.mysql({ securityGroups: [group] }) });
    },
    'runsOn must be BackupRunner.fargate() for a database with security groups, got: an instance: leave runsOn out',
  ],
  [
    'neither id nor tags',
    () => add({ runsOn: runner({}) }),
    'exactly one of runsOn.instanceId and runsOn.tags must be given, got: none: say which instance it is',
  ],
  [
    'both',
    () => add({ runsOn: runner({ instanceId: INSTANCE, tags: { Name: 'vm' } }) }),
    'exactly one of runsOn.instanceId and runsOn.tags must be given, got: both: say which instance it is',
  ],
  [
    'no tag',
    () => add({ runsOn: runner({ tags: {} }) }),
    'runsOn.tags must be 1 to 5, got: 0: name tags that the instance alone has',
  ],
  [
    'another id',
    () => add({ runsOn: runner({ instanceId: 'vm' }) }),
    'runsOn.instanceId must be the id of an EC2 instance, i-…, got: "vm"',
  ],
  [
    'a network with a quote',
    () => add({ runsOn: runner({ instanceId: INSTANCE, network: "x' --privileged '" }) }),
    'runsOn.network must be host, the name of a Docker network, or container:<name>, got: "x\' --privileged \'"',
  ],
  [
    'no processor',
    () => add({ runsOn: runner({ instanceId: INSTANCE, cpus: 0 }) }),
    'runsOn.cpus must be from 0.1 to 64, got: 0',
  ],
  [
    'little memory',
    () => add({ runsOn: runner({ instanceId: INSTANCE, memoryLimitMiB: 100 }) }),
    'runsOn.memoryLimitMiB must be a whole number from 256 to 122880 MiB, got: 100',
  ],
  [
    'a run of days',
    () => add({ schedule: BackupSchedule.every(Duration.days(7)), timeout: Duration.hours(48) }),
    'timeout must be at most 169200 seconds on an instance, got: 172800 seconds: Systems Manager ends what takes longer; shorten it',
  ],
  [
    'a backup before a deployment',
    () => new BackupBeforeDeployment(setup.stack, 'Before', { backups: [add()] }),
    'backups must be made by tasks of Fargate, got: Stack/Backups/Shop, which runs on an instance: use proven-backups run --trigger before-deployment',
  ],
])('refuses %s', (_, act, sentence) => {
  expect(act).toThrow(sentence);
});

test('a stack whose name Systems Manager keeps for itself', () => {
  setup = new Setup({ stackName: 'AwsBackups' });
  expect(() => add()).toThrow(
    'the name of the document of a run on an instance must not begin with aws, amazon or amzn, and have at most 128 characters, got: AwsBackups-Backups-shop: it begins with the name of the stack; give that another one',
  );
});
