import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { EmulatedServices } from '../aws/emulated-services';
import { CONSENT, CONSENT_VALUE, DATABASE, PARTS, PLAN_VARIABLE, SCHEMA, SECRET, SERVER_VARIABLE } from '../aws/names';
import { STACK, TAG, USER } from '../aws/names';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import { PostgresqlServer, postgresqlBinaries } from '../servers/postgresql';
import { inMatrix, numberOf } from '../servers/versions';
import { run } from '../support/processes';

// Deployments by the CDK CLI, and a dozen runs, on a machine that may be busy with other tests.
jest.setTimeout(600_000);

let emulator: Emulator;
let server: PostgresqlServer;
let services: EmulatedServices;
let program: string;

beforeAll(async () => {
  [emulator, server] = await Promise.all([Emulator.start(), PostgresqlServer.start()]);
  await emulator.bootstrap();
  program = bundleOf(await appCommand('test/aws/main.ts'));
  // A superuser, as the user that the official image creates.
  await server.exec(`CREATE ROLE ${USER} LOGIN SUPERUSER; CREATE DATABASE ${DATABASE} OWNER ${USER}`);
});
afterAll(async () => {
  await Promise.allSettled([server?.stop(), emulator?.stop()]);
});
beforeEach(async () => {
  await server.exec(`DROP TABLE IF EXISTS orders; ${SCHEMA}`, DATABASE);
  // The client needs the path; the program runs as in its image, whose user may start a throw-away server.
  const local = { path: [postgresqlBinaries()], version: server.version };
  services = new EmulatedServices(emulator, () => local, setPassword);
});
afterEach(() => services.stop());

const bundleOf = (command: string): string => /"(.*)"/.exec(command)![1]!;

/** The server of the stack would have the password of its secret from the start. */
async function setPassword(): Promise<void> {
  const secret = await new SecretsManagerClient(emulator.client).send(new GetSecretValueCommand({ SecretId: SECRET }));
  const { password } = JSON.parse(secret.SecretString!) as { password: string };
  // A generated one may hold any character.
  await server.exec(`ALTER ROLE ${USER} PASSWORD '${password.replaceAll("'", "''")}'`);
}

function startSelfTest(args: readonly string[], environment: Record<string, string> = {}) {
  const { host, port, version, authority } = server;
  const given = { host, port, version: numberOf(version), certificateAuthority: authority.pem };
  const own = { PATH: process.env.PATH!, HOME: emulator.directory, TMPDIR: emulator.directory, CI: '1' };
  const child = spawn(process.execPath, [program, ...args], {
    cwd: emulator.directory,
    env: { ...own, ...emulator.environment, [SERVER_VARIABLE]: JSON.stringify(given), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: text(child.stdout), errors: text(child.stderr), ended };
}

async function selfTest(args: readonly string[], environment?: Record<string, string>) {
  const { output, errors, ended } = startSelfTest(args, environment);
  const [out, err, code] = await Promise.all([output, errors, ended]);
  return { out, err, code };
}

/** Starts it, and sends it a signal when it is ready for that. */
async function interrupted(signal: NodeJS.Signals, ready: (shown: string) => boolean | Promise<boolean>) {
  const { child, output, errors, ended } = startSelfTest(['--yes-create-resources']);
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  while (!(await ready(shown)) && child.exitCode === null) await sleep(50);
  child.kill(signal);
  const [out, err, code] = await Promise.all([output, errors, ended]);
  return { out, err, code };
}

/** ARNs with the tag, without keys that are about to be deleted. */
async function tagged(): Promise<string[]> {
  const request = new GetResourcesCommand({ TagFilters: [{ Key: TAG.key, Values: [TAG.value] }] });
  const { ResourceTagMappingList = [] } = await new ResourceGroupsTaggingAPIClient(emulator.client).send(request);
  const arns = ResourceTagMappingList.map(({ ResourceARN }) => ResourceARN!).filter((arn) => !isMemory(arn));
  const dead = await Promise.all(arns.map(isDying));
  return arns.filter((_, index) => !dead[index]);
}

/** ECS remembers the task definitions and tasks of a stack that is gone. */
const isMemory = (arn: string): boolean => /:ecs:.*:task(?:-definition)?\//.test(arn);
const isDying = async (arn: string): Promise<boolean> =>
  arn.includes(':kms:') &&
  (await new KMSClient(emulator.client).send(new DescribeKeyCommand({ KeyId: arn }))).KeyMetadata?.KeyState ===
    'PendingDeletion';

describe('refuses', () => {
  test('to create anything without being told that it costs', async () => {
    const { err, code } = await selfTest([]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^this creates resources that cost money: /) });
  });

  test('a part that it does not know', async () => {
    const { err } = await selfTest(['--yes-create-resources', '--with', 'ec2,oracle']);
    expect(err).toBe('--with must be some of ec2,trail,volume,rds,aurora, got: oracle\n');
  });

  test('to start without credentials', async () => {
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    expect((await selfTest(['--yes-create-resources'], none)).err).toMatch(/^no AWS credentials found: /);
  });

  test.each([['--yes-create-resources'], ['--clean-up']])('an account without consent: %s', async (option) => {
    const { err, code } = await selfTest([option]);
    const command = `aws ssm put-parameter --region us-east-1 --name ${CONSENT} --type String --value ${CONSENT_VALUE}`;
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(command) });
    expect(err).toMatch(/^account 000000000000 has not consented to the self-test in us-east-1: /);
    expect(await tagged()).toEqual([]);
  });
});

describe('in an account that consents', () => {
  beforeAll(async () => {
    const Parameter = { Name: CONSENT, Type: 'String', Value: CONSENT_VALUE } as const;
    await new SSMClient(emulator.client).send(new PutParameterCommand(Parameter));
  });

  // Deployments that are broken off take minutes: in a run of everything only.
  const [patiently] = inMatrix([test], []);

  patiently?.('Ctrl-C during the deployment removes what was made so far', async () => {
    const { out, err, code } = await interrupted('SIGINT', async () => (await tagged()).length > 3);
    expect({ code, err }).toEqual({ code: 130, err: 'SIGINT: cleaning up, which takes some minutes …\n' });
    expect(out).toMatch(/Nothing is left\.\n$/);
    expect(await tagged()).toEqual([]);
  });

  patiently?.('what a killed run left is found by its tag and removed by --clean-up', async () => {
    const { code } = await interrupted('SIGKILL', (shown) => shown.includes('not answered  backup'));
    expect(code).toBeNull();
    const kinds = (await tagged()).map((arn) => arn.split(':')[2]);
    expect(kinds).toEqual(expect.arrayContaining(['s3', 'sqs', 'kms', 'lambda', 'ecs']));
    const again = await selfTest(['--yes-create-resources']);
    expect(again.err).toContain(`the stack ${STACK} is there already: `);
    const cleaned = await selfTest(['--clean-up']);
    expect({ code: cleaned.code, err: cleaned.err }).toEqual({ code: 0, err: '' });
    expect(cleaned.out.match(/waits for its deletion by KMS/g)!.length).toBeGreaterThanOrEqual(2);
    expect(await tagged()).toEqual([]);
  });

  test('answers the list, says what an emulator cannot decide, and leaves nothing', async () => {
    const report = path.join(emulator.directory, 'report.md');
    const { out, err, code } = await selfTest(['--yes-create-resources', '--report', report]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Account 000000000000, Region us-east-1: about 0\.50 USD, and \d+ minutes\.$/m);
    const page = fs.readFileSync(report, 'utf8');
    expect(page).toContain('on an emulated AWS, which proves nothing about AWS');
    expect(page).not.toContain('000000000000');
    const cells = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
    const rows = cells.slice(1).map((line) => line.slice(2, -2).split(' | '));
    const of = (wanted: string) => rows.filter(([, , outcome]) => outcome === wanted).map(([id]) => id);
    const ours = ['housekeeping', 'prune', 'undelete', 'signal-strange-size', 'signal-silent'];
    expect(of('verified')).toEqual(ours);
    expect(of('refuted')).toEqual([]);
    const seen = Object.fromEntries(rows.map(([id, , , last]) => [id, last]));
    expect(seen).toMatchObject(SEEN);
    expect(Object.keys(seen).sort()).toEqual([...Object.keys(SEEN), ...ours].sort());
    for (const id of Object.keys(seen)) expect(out).toContain(`│ ${id} `);
    expect(await tagged()).toEqual([]);
  });
});

const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const withPart = (part: string): string => `the stack has no such part: --with ${part}`;
/** Every check that an emulated AWS cannot decide, and that its code ran there. */
const SEEN: Record<string, unknown> = {
  backup: like(/^the harness plays .*; seen there: \S+Z: postgresql 15.*, 1000 rows$/),
  run: like(/^the harness plays .*; seen there: \S+Z, \S+Z$/),
  restore: like(/seen there: 991 rows, then 1000: shop as of .* was restored into shop in .*, all as in the backup\.$/),
  prove: like(/seen there: PROVEN: backup \S+ of shop restores, and is what was dumped\.$/),
  'signal-failed': like(/seen there: FAILED wrong-password: /),
  'signal-dead-letter': like(/seen there: NOT STARTED no-task: /),
  'log-group-key': like(/^the emulated IAM is not Amazon's; seen there: key \S+, \d+ lines of the log$/),
  'scheduled-time': like(/seen there: backup \S+Z, scheduled time \S+Z$/),
  'first-run': like(/seen there: 1 backup by the schedule$/),
  'secret-json-key': like(/seen there: proven-backups-self-test\/server:username::$/),
  scratch: like(/^the harness runs containers as processes; seen there: .*\/scratch/),
  'put-needs-if-none-match': like(/^the emulated IAM is not Amazon's; seen there: allowed, allowed, allowed, allowed$/),
  'delete-by-path': like(/^the emulated IAM is not Amazon's; seen there: the role: allowed; others: allowed$/),
  'if-none-match-over-delete-marker': like(/seen there: over the marker: allowed; then: PreconditionFailed$/),
  'denied-delete-in-cloudtrail': withPart('trail'),
  'run-task-failures': withPart('ec2'),
  'dlm-customer-key': withPart('volume'),
  ...{ 'rds-pg-read-all-data': withPart('rds'), 'rds-superuser-role': withPart('rds') },
  ...{ 'aurora-export-snapshot': withPart('aurora'), 'aurora-version': withPart('aurora') },
};

test('the stack for a real account, with a server of its own and all parts, can be synthesised', async () => {
  const out = path.join(emulator.directory, 'synthesised');
  const plan = JSON.stringify({ parts: PARTS });
  const env = { PATH: process.env.PATH, CDK_OUTDIR: out, [PLAN_VARIABLE]: plan };
  await run(process.execPath, [bundleOf(await appCommand('test/aws/app.ts'))], { env });
  const file = fs.readFileSync(path.join(out, `${STACK}.template.json`), 'utf8');
  const { Resources } = JSON.parse(file) as { Resources: Record<string, { Type: string; DeletionPolicy?: string }> };
  const resources = Object.values(Resources);
  const types = resources.map(({ Type }) => Type.replace('AWS::', ''));
  const wanted = ['ECS::Service', 'AutoScaling::AutoScalingGroup', 'CloudTrail::Trail', 'EC2::Volume'];
  expect(types).toEqual(expect.arrayContaining([...wanted, 'RDS::DBInstance', 'RDS::DBCluster']));
  // Else the self-test could not promise to leave nothing.
  expect(resources.filter(({ DeletionPolicy = 'Delete' }) => DeletionPolicy !== 'Delete')).toEqual([]);
});

test('npm run test:aws -- --help says how it is used, without setting anything up', async () => {
  const shown = await run(process.execPath, [path.join(ROOT, 'scripts/test-aws.mjs'), '--help']);
  for (const word of ['--yes-create-resources', '--clean-up', ...PARTS]) expect(shown).toContain(word);
});
