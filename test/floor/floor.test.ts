import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as Everything from '../lib/everything';

const ROOT = join(__dirname, '../..');
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const { dependencies: floor } = json(join(__dirname, 'package.json')) as { dependencies: Record<string, string> };

/** Version of a package in this folder. */
function installed(name: string): string | undefined {
  try {
    return json(join(__dirname, 'node_modules', name, 'package.json')).version;
  } catch {
    return undefined;
  }
}

beforeAll(() => {
  if (Object.entries(floor).every(([name, version]) => installed(name) === version)) return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: __dirname, stdio: 'pipe' });
});

test('the package takes its peers from this floor on', () => {
  const { peerDependencies } = json(join(ROOT, 'package.json'));
  const ranges = Object.entries(floor).map(([name, version]) => [name, `^${version}`]);
  expect(peerDependencies).toEqual(Object.fromEntries(ranges));
});

test('the library uses nothing that the floor does not have', () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '--project', __dirname], { stdio: 'inherit' });
});

test('a stack with everything is synthesised with the floor, without a warning', () => {
  // Not before the floor is there: the configuration of these tests maps all imports of the CDK to it.
  const { Annotations, Match } = jest.requireActual('aws-cdk-lib/assertions');
  const { everything } = jest.requireActual<typeof Everything>('../lib/everything');
  expect(jest.requireActual('aws-cdk-lib/package.json').version).toBe(floor['aws-cdk-lib']);
  expect(jest.requireActual('constructs/package.json').version).toBe(floor.constructs);
  const setup = everything();
  const template = setup.template();
  // An option that a version does not know would be missing here.
  template.hasResourceProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x' });
  template.hasResourceProperties('AWS::ECS::Cluster', { ClusterSettings: [{ Value: 'enabled' }] });
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    Target: { EcsParameters: { PropagateTags: 'TASK_DEFINITION', EnableECSManagedTags: true } },
  });
  template.resourceCountIs('AWS::Scheduler::Schedule', 10);
  expect(Annotations.fromStack(setup.stack).findWarning('*', Match.anyValue())).toEqual([]);
});
