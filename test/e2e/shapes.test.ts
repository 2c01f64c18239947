import * as path from 'node:path';
import type { DumpJob } from '../../catalog/contract/task';
import { ENV } from '../../catalog/contract/task';
import type { PruneReport } from '../../catalog/contract/handlers';
import type { RecordedResource } from '../emulator/emulator';
import { appCommand, Emulator, ROOT } from '../emulator/emulator';
import { fire } from '../emulator/scheduled-run';
import { run } from '../support/processes';

// The CDK CLI, for nine stacks, on a machine that may be busy with other tests.
jest.setTimeout(600_000);

let emulator: Emulator;
/** Resources of all stacks, nested ones too. */
let deployed: Record<string, RecordedResource[]>;

beforeAll(async () => {
  emulator = await Emulator.start();
  await emulator.bootstrap();
  await emulator.deploy(await appCommand('test/e2e/shapes-app.ts'), ['**']);
  deployed = await emulator.recordedStacks();
});
afterAll(() => emulator.stop());

/** Resources of a type in the stacks whose names match. */
const found = (stacks: RegExp, type: string): RecordedResource[] =>
  Object.entries(deployed)
    .filter(([name]) => stacks.test(name))
    .flatMap(([, resources]) => resources.filter((resource) => resource.type === type));
const buckets = (stacks: RegExp): string[] => found(stacks, 'AWS::S3::Bucket').map(({ physicalId }) => physicalId);

/** Fires each schedule that starts a task, up to the start of its container: with its job, its secret and its roles. */
function jobs(stacks: RegExp): Promise<DumpJob[]> {
  const schedules = found(stacks, 'AWS::Scheduler::Schedule').filter(
    ({ properties }) => 'EcsParameters' in (properties.Target as object),
  );
  return Promise.all(
    schedules.map(async ({ physicalId, properties }) => {
      const group = properties.GroupName as string | undefined;
      const { environment } = await fire(emulator, { schedule: physicalId, group });
      expect(environment[ENV.password]).toBeDefined();
      return JSON.parse(environment[ENV.job]!) as DumpJob;
    }),
  );
}

test.each<[string, RegExp, string[], RegExp]>([
  ['databases in another stack, with the VPC', /^Theirs-Backups$/, ['shop'], /^Theirs-Backups$/],
  ['databases in another stack, in our VPC', /^Ours-/, ['orders', 'shop'], /^Ours-Base$/],
  ['backups in a nested stack', /^Nested-Parent-Nested/, ['shop'], /^Nested-Parent-Nested/],
  ['backups of a database in a nested stack', /^Nested-Parent$/, ['shop'], /^Nested-Parent$/],
  ['a bucket that two stacks share', /^Sharing-/, ['blog', 'shop'], /^Sharing-Shared$/],
])('%s: the tasks of its sources start, and write to its bucket', async (_, stacks, sources, holder) => {
  const started = await jobs(stacks);
  expect(started.map(({ source }) => source).sort()).toEqual(sources);
  expect([...new Set(started.map(({ bucket }) => bucket))]).toEqual(buckets(holder));
});

test('two Backups in a stack: each writes to its own bucket', async () => {
  const started = await jobs(/^Pair-Two$/);
  expect(started.map(({ bucket }) => bucket).sort()).toEqual(buckets(/^Pair-Two$/).sort());
  expect(new Set(buckets(/^Pair-Two$/)).size).toBe(2);
});

test('the command line finds what both stacks do with the bucket that they share', async () => {
  const [bucket] = buckets(/^Sharing-Shared$/);
  const cli = path.join(ROOT, 'dist/bin/cli.js');
  const env = { PATH: process.env.PATH, HOME: emulator.directory, ...emulator.environment };
  const args = [cli, 'prune', '--bucket', bucket!, '--dry-run', '--json'];
  const { plan } = JSON.parse(await run(process.execPath, args, { env })) as { plan: PruneReport };
  expect(plan.sources.map(({ source }) => source).sort()).toEqual(['blog', 'shop']);
  expect(plan.problems).toBe(0);
});
