import { CfnResource, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { BackupBeforeDeploymentProps } from '../../../lib';
import { BackupBeforeDeployment } from '../../../lib';
import type { Json } from '../support';
import { allows, flat, Setup } from '../support';

const service = (scope: Stack, Image = 'shop:1') =>
  new CfnResource(scope, 'Service', { type: 'Test::Service', properties: { Image } });

/** A stack with a backup, and with what waits for it. */
class Scene extends Setup {
  readonly shop = this.add();
  readonly service: CfnResource;
  readonly before: BackupBeforeDeployment;

  constructor(props: Partial<BackupBeforeDeploymentProps> = {}, image?: string) {
    super();
    this.service = service(this.stack, image);
    this.before = new BackupBeforeDeployment(this.stack, 'Before', {
      backups: [this.shop],
      executeBefore: [this.service],
      ...props,
    });
  }

  /** The one resource of a type, with its id. */
  the(type: string): [string, Json] {
    const found = Object.entries(this.template().findResources(type));
    expect(found).toHaveLength(1);
    return found[0]!;
  }

  /** What the names of a deployment's resources end with. */
  get fingerprint(): string {
    const [id] = this.the('AWS::CloudFormation::WaitCondition');
    expect(id).toMatch(/^StackBefore\w{8}Condition[0-9a-f]{16}$/);
    return id.slice(-16);
  }
}

const [HANDLE, CONDITION, RUN] = [
  'AWS::CloudFormation::WaitConditionHandle',
  'AWS::CloudFormation::WaitCondition',
  'Custom::BackupBeforeDeployment',
] as const;

test('what waits depends on the wait condition, that on the start, and that on everything a run needs', () => {
  const scene = new Scene();
  const [condition, { Properties, DependsOn }] = scene.the(CONDITION);
  const [run, started] = scene.the(RUN);
  const [handle] = scene.the(HANDLE);
  expect(scene.the('Test::Service')[1].DependsOn).toEqual([condition]);
  expect([Properties, DependsOn]).toEqual([{ Count: 1, Handle: { Ref: handle }, Timeout: '43200' }, [run]]);
  expect(started.Properties).toEqual({
    ServiceToken: { 'Fn::GetAtt': [expect.stringMatching(/^BeforeFunction/), 'Arn'] },
    ServiceTimeout: 300,
    Handle: { Ref: handle },
    OnCreate: 'false',
  });
  const needed = started.DependsOn as string[];
  for (const part of ['BackupsShopTaskDefinition', 'BackupsShopSchedule', 'BackupsDirectory', 'BeforeEnded']) {
    expect(needed).toContainEqual(expect.stringMatching(new RegExp(`^${part}`)));
  }
  expect([handle, run].map((id) => id.slice(-16))).toEqual([scene.fingerprint, scene.fingerprint]);
});

test('the function knows its backups, and gets the ends of its own tasks alone', () => {
  const scene = new Scene();
  const [handle] = scene.the(HANDLE);
  const { Environment, Timeout } = scene.resource('AWS::Lambda::Function', 'BeforeFunction');
  const { Variables } = Environment;
  expect(JSON.parse(flat(Variables.BEFORE_DEPLOYMENT_BACKUPS))).toEqual([
    { bucket: expect.stringMatching(/^<BackupsBucket/) as string, source: 'shop' },
  ]);
  expect(`${Variables.BEFORE_DEPLOYMENT_HANDLE}${handle.slice(-16)}`).toBe(handle);
  expect(Timeout).toBe(300);
  const { EventPattern } = scene.resource('AWS::Events::Rule', 'BeforeEnded');
  const [{ prefix }] = EventPattern.detail.startedBy;
  expect(prefix).toEqual(Variables.BEFORE_DEPLOYMENT_STARTED_BY);
  // Beside the prefix, 16 + 12 characters, two slashes and a number; the id of a stack has 36. ECS takes 128.
  expect(flat(prefix)).toMatch(/^proven-backups\/\{"Fn::Select":\[2,.*\}\/[0-9a-f]{12}\/$/);
  expect(EventPattern).toMatchObject({ source: ['aws.ecs'], detail: { lastStatus: ['STOPPED'] } });
});

test('its role may start and follow this backup, read its manifests, and look at its stack', () => {
  const statements = new Scene().statements('BeforeFunctionRole');
  const may = (action: string, resource: string) => allows(statements, action, resource);
  const manifests = statements.find(({ Action }) => Action === 's3:GetObject')!;
  const [arn] = flat(manifests.Resource).split('/');
  expect(may('s3:GetObject', `${arn}/shop/2026-11-20T02-00-00Z/manifest.json`)).toBe(true);
  expect(may('s3:GetObject', `${arn}/shop/2026-11-20T02-00-00Z/shop.sql.zst`)).toBe(false);
  expect(may('s3:GetObject', `${arn}/other/2026-11-20T02-00-00Z/manifest.json`)).toBe(false);
  expect(may('s3:PutObject', `${arn}/shop/x`)).toBe(false);
  expect(may('cloudformation:DescribeStackResource', '<AWS::StackId>')).toBe(true);
  expect(may('cloudformation:DescribeStacks', 'another')).toBe(false);
  const ecs = 'arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition';
  expect(may('ecs:RunTask', `${ecs}/Stack-Backups-shop:7`)).toBe(true);
  expect(may('ecs:RunTask', `${ecs}/Stack-Backups-blog:7`)).toBe(false);
});

test('costs seven resources', () => {
  const count = (setup: Setup) => Object.keys(setup.template().toJSON().Resources).length;
  const without = new Setup();
  without.add();
  service(without.stack);
  expect(count(new Scene()) - count(without)).toBe(7);
});

describe('backs up', () => {
  let same: string;
  beforeAll(() => (same = new Scene().fingerprint));

  test('not again while the template stays as it is', () => {
    expect(new Scene().fingerprint).toBe(same);
  });

  test('when another resource of the stack changes', () => {
    expect(new Scene({}, 'shop:2').fingerprint).not.toBe(same);
  });

  test('when others are to be backed up, or at another occasion', () => {
    expect(new Scene({ onCreate: true }).fingerprint).not.toBe(same);
  });

  test('with a deploymentId, when that changes, whatever the template is', () => {
    const one = new Scene({ deploymentId: '1' }).fingerprint;
    expect(new Scene({ deploymentId: '1' }, 'shop:2').fingerprint).toBe(one);
    expect(new Scene({ deploymentId: '2' }).fingerprint).not.toBe(one);
    expect(one).not.toBe(same);
  });

  test('several databases, each once', () => {
    const setup = new Setup();
    const [shop, blog] = [setup.add(), setup.add({}, 'Blog')];
    const before = new BackupBeforeDeployment(setup.stack, 'Before', { backups: [shop, blog, shop], onCreate: true });
    before.executeBefore(service(setup.stack));
    setup.template().hasResourceProperties(CONDITION, { Count: 2 });
    setup.template().hasResourceProperties(RUN, { OnCreate: 'true' });
  });
});

test('the backup may be in another stack, the log group another one', () => {
  const setup = new Setup();
  const shop = setup.add();
  const stack = new Stack(setup.app, 'App');
  const logGroup = new logs.LogGroup(stack, 'Log');
  const before = new BackupBeforeDeployment(stack, 'Before', { backups: [shop], logGroup });
  service(stack).node.addDependency(before);
  const template = Template.fromStack(stack);
  const [{ Properties }] = Object.values(template.findResources('AWS::Lambda::Function')) as [Json];
  expect(flat(Properties.LoggingConfig.LogGroup)).toMatch(/^<Log/);
  expect(stack.dependencies).toEqual([setup.stack]);
});

test.each<[string, (scene: Scene) => unknown, string]>([
  [
    'no backup',
    ({ stack }) => new BackupBeforeDeployment(stack, 'Other', { backups: [] }),
    'Stack/Other: backups must name at least one backup, got: none',
  ],
  [
    'more backups than one role can start',
    (scene) => {
      const backups = Array.from({ length: 7 }, (_, index) => scene.add({}, `Other${index}`));
      new BackupBeforeDeployment(scene.stack, 'Other', { backups: [scene.shop, ...backups] });
    },
    'Stack/Other: backups must be at most 7, whose permissions fit into one role, got: 8: share them among several BackupBeforeDeployment, each with the same executeBefore',
  ],
  [
    'an empty deploymentId, which would be the same for all deployments',
    ({ stack, shop }) => new BackupBeforeDeployment(stack, 'Other', { backups: [shop], deploymentId: ' ' }),
    'Stack/Other: deploymentId must be a text that each deployment has another one of, got: an empty one',
  ],
  [
    'a nested stack',
    ({ stack, shop }) => new BackupBeforeDeployment(new NestedStack(stack, 'In'), 'Other', { backups: [shop] }),
    'Stack/In/Other: the stack must not be a nested one, got: Stack/In: create it in the stack around that, and let the nested stack wait: executeBefore(nestedStack)',
  ],
  [
    'nothing that waits',
    (scene) => {
      new BackupBeforeDeployment(scene.stack, 'Other', { backups: [scene.shop] });
      scene.template();
    },
    '[Stack/Other] nothing waits for these backups: name what must not change before they are made, for example executeBefore(service)',
  ],
  [
    'a deploymentId that only the deployment knows',
    ({ stack, shop }) => new BackupBeforeDeployment(stack, 'Other', { backups: [shop], deploymentId: stack.stackId }),
    'Stack/Other: deploymentId must be known at synth, got: a token: write the value itself',
  ],
])('refuses %s', (_, act, sentence) => {
  const scene = new Scene();
  expect(() => act(scene)).toThrow(sentence);
});
