import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import { everything } from '../lib/everything';
import { ours } from '../lib/ours';
import { ALL_EXAMPLES, exampleApp } from '../support/examples';

const CHECKOV = join(__dirname, '../../.tools/checkov/bin/checkov');

/** What checkov writes of a check that failed. */
interface Failure {
  readonly check_id: string;
  readonly file_abs_path: string;
  /** `AWS::S3::Bucket.Bucket83908E77` */
  readonly resource: string;
}

interface Report {
  readonly results: { readonly failed_checks: Failure[] };
  readonly summary: { readonly parsing_errors: number };
}

/** Failed checks of all templates: it reads its checks once, which takes longer than a template. */
function check(templates: readonly string[]): Failure[] {
  const args = ['--framework', 'cloudformation', '--skip-download', '--quiet', '--compact', '--output', 'json'];
  const files = templates.flatMap((template) => ['--file', template]);
  const { stdout, stderr } = spawnSync(CHECKOV, [...args, ...files], { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (!stdout.startsWith('{')) throw new Error(`${CHECKOV}: ${stderr || stdout}: run: npm run setup -- --with checkov`);
  const { results, summary } = JSON.parse(stdout) as Report;
  expect(summary.parsing_errors).toBe(0);
  return results.failed_checks;
}

interface Synthesised {
  readonly template: string;
  /** Logical ids of the resources that constructs of this library created. */
  readonly ours: ReadonlySet<string>;
}

function synthesised(app: App): Synthesised {
  const [stack] = app.synth().stacks;
  const ids = ours(app).map((resource) => Stack.of(resource).resolve(resource.logicalId) as string);
  return { template: stack!.templateFullPath, ours: new Set(ids) };
}

const EVERYTHING = 'one of everything';
const apps: ReadonlyMap<string, () => App> = new Map([
  [EVERYTHING, () => everything().app],
  ...ALL_EXAMPLES.map((example) => [example, () => exampleApp(example)] as const),
]);
let checked: ReadonlyMap<string, Synthesised>;
let failures: readonly Failure[];
beforeAll(() => {
  checked = new Map([...apps].map(([name, app]) => [name, synthesised(app())]));
  failures = check([...checked.values()].map(({ template }) => template));
}, 180_000);

const idOf = ({ resource }: Failure) => resource.split('.')[1]!;
const inApp = (name: string): Failure[] =>
  failures.filter(({ file_abs_path: file }) => file === checked.get(name)!.template);

test('it runs, and it finds faults in what is not of this library', () => {
  expect(inApp(EVERYTHING).map((failure) => `${failure.check_id} ${idOf(failure)}`)).toContainEqual(
    expect.stringMatching(/^CKV_AWS_157 Instance/),
  );
});

test.each([...apps.keys()])('it finds nothing that is not explained in %s', (name) => {
  const found = inApp(name).filter((failure) => checked.get(name)!.ours.has(idOf(failure)));
  expect(found.map((failure) => `${failure.check_id} ${idOf(failure)}`)).toEqual([]);
});
