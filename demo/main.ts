// The whole way of a backup on one machine: deploys a stack into an emulated AWS by the real CDK CLI, runs the backup as
// the deployed schedule would, and shows what is in the bucket. Leaves nothing behind.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { colors, errorColors } from '../bin/cli/print/colors';
import { S3CatalogStore } from '../catalog/bucket/s3-store';
import { readCatalog } from '../catalog/bucket/read';
import { Emulator, appCommand } from '../test/emulator/emulator';
import { runAsProcess } from '../test/emulator/local-container';
import { fire } from '../test/emulator/scheduled-run';
import type { DemoEngine } from './bookshop';
import { APP_VARIABLE, STACK } from './bookshop';
import { START } from './databases';
import { printCatalog, printPlaces, printLog } from './print';

const { engine } = parseArgs({ options: { engine: { type: 'string', default: 'sqlite' } } }).values;

/** What has to be undone, last first. Each entry waits for its own start, so that nothing is left behind half-way. */
const undo: (() => Promise<unknown>)[] = [];
let cleaned: Promise<void> | undefined;
const cleanUp = (): Promise<void> =>
  (cleaned ??= (async () => {
    for (const step of undo.reverse())
      await step().catch((error: Error) => console.error(errorColors.red(error.message)));
  })());

function started<T>(start: Promise<T>, stop: (it: T) => unknown): Promise<T> {
  undo.push(() => start.then(stop, () => undefined) as Promise<unknown>);
  return start;
}

async function step<T>(doing: string, work: () => Promise<T>): Promise<T> {
  const from = Date.now();
  console.log(`${colors.cyan('•')} ${doing} …`);
  const result = await work();
  console.log(`${colors.green('✓')} ${doing} ${colors.dim(`${((Date.now() - from) / 1000).toFixed(1)} s`)}`);
  return result;
}

async function demo(): Promise<number> {
  // Everything that is written lies in here; the servers drop root's rights, and must still come in.
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bookshop-'));
  fs.chmodSync(directory, 0o1777);
  undo.push(() => fs.promises.rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  process.env.TMPDIR = directory;

  const emulator = await step('starting the emulated AWS', () => started(Emulator.start(), (it) => it.stop()));
  const [, shop, app] = await Promise.all([
    step('cdk bootstrap', () => emulator.bootstrap()),
    step(`filling a bookshop in ${engine}`, () => started(START[engine as DemoEngine](directory), (it) => it.stop())),
    appCommand('demo/app.ts'),
  ]);
  const environment = { [APP_VARIABLE]: JSON.stringify(await shop.bookshop(emulator)) };
  const outputs = (await step('cdk deploy', () => emulator.deploy(app, [STACK], environment)))[STACK]!;

  console.log(`${colors.cyan('•')} backing up, as the deployed schedule does …`);
  const run = await fire(emulator, { schedule: outputs.Schedule!, group: outputs.ScheduleGroup });
  const container = runAsProcess(emulator, run, { ...shop.local, inheritOutput: process.stdout.isTTY });
  undo.push(() => (container.kill('SIGTERM'), container.ended));
  const { exitCode, stdout, stderr } = await container.ended;
  printLog(stdout);
  if (exitCode !== 0) throw new Error(`the backup failed with exit code ${exitCode}: ${stderr}`);

  const client = new S3Client(emulator.client);
  const catalog = await readCatalog(new S3CatalogStore(client, outputs.Bucket!));
  printCatalog(catalog);
  await printPlaces(client, outputs, catalog);
  return catalog.backups.length === 1 && catalog.damaged.length === 0 ? 0 : 1;
}

function interrupted(signal: NodeJS.Signals): void {
  console.error(errorColors.yellow(`${signal}: cleaning up …`));
  void cleanUp().then(() => process.exit(128 + os.constants.signals[signal]));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupted);
demo()
  .catch((error: Error) => {
    if (!cleaned) console.error(errorColors.red(error.message));
    return 1;
  })
  .then(async (code) => {
    const own = !cleaned;
    await cleanUp();
    if (own) process.exit(code);
  });
