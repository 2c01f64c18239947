// The whole way of a backup on one machine: deploys a stack into an emulated AWS by the real CDK CLI, runs the backup as
// the deployed schedule would, shows what is in the bucket, proves it, shows that a backup which lost something is not proven,
// restores a book that was deleted, and shows what happens if a run fails. Leaves nothing behind.
import * as fs from 'node:fs';
import * as os from 'node:os';
import { parseArgs } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import { colors, errorColors } from '../bin/cli/print/colors';
import { readCatalog } from '../catalog/bucket/read';
import { S3CatalogStore } from '../catalog/bucket/s3-store';
import { Emulator, appCommand } from '../test/emulator/emulator';
import { temporaryDirectory } from '../test/support/processes';
import type { DemoEngine } from './bookshop';
import { ADDRESS, APP_VARIABLE, STACK } from './bookshop';
import type { DemoDatabase } from './deeds';
import { START } from './databases';
import { keep } from './keep';
import { printCatalog, printEmail, printPlaces, say, step } from './print';
import { showDamage, showProof } from './proof';
import { showRestore } from './restore';
import { backUp, nextEmail } from './runs';

const options = { engine: { type: 'string', default: 'sqlite' }, keep: { type: 'boolean', default: false } } as const;
const { values } = parseArgs({ options });

/** What the shop is in, where that is not the engine's own server. */
const PLACES: Readonly<Record<string, string>> = { mongodb: 'FerretDB, which stands for MongoDB' };

/** Clean-up, last step first. Each step waits for the start that it undoes, so that nothing stays half started. */
const undo: (() => Promise<unknown>)[] = [];
let cleaned: Promise<void> | undefined;
/** Everything has been shown, and stays up until Ctrl-C. */
let kept = false;
const cleanUp = (): Promise<void> =>
  (cleaned ??= (async () => {
    for (const step of undo.reverse())
      await step().catch((error: Error) => console.error(errorColors.red(error.message)));
  })());

function started<T>(start: Promise<T>, stop: (it: T) => unknown): Promise<T> {
  undo.push(() => start.then(stop, () => undefined) as Promise<unknown>);
  return start;
}

async function demo(): Promise<void> {
  // Everything that is written lies in here; the servers drop root's rights, and must still come in.
  const directory = temporaryDirectory('bookshop');
  fs.chmodSync(directory, 0o1777);
  undo.push(() => fs.promises.rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  process.env.TMPDIR = directory;

  const emulator = await step('starting the emulated AWS', () => started(Emulator.start(), (it) => it.stop()));
  const fill = () => started(START[values.engine as DemoEngine](directory), (it) => it.stop());
  const [, shop, app] = await Promise.all([
    step('cdk bootstrap', () => emulator.bootstrap()),
    step(`filling a bookshop in ${PLACES[values.engine] ?? values.engine}`, fill),
    appCommand('demo/app.ts'),
  ]);
  const environment = { [APP_VARIABLE]: JSON.stringify(await shop.bookshop(emulator)) };
  const outputs = (await step('cdk deploy', () => emulator.deploy(app, [STACK], environment)))[STACK]!;
  const here = { emulator, outputs, local: shop.local, undo };
  await step(`confirming the email subscription of ${ADDRESS}`, () => emulator.confirmEmails());

  const sixHoursAgo = new Date(Date.now() - 6 * 3_600_000);
  await backUp(here, 'backing up, as the deployed schedule does', sixHoursAgo);
  const client = new S3Client(emulator.client);
  const catalog = await readCatalog(new S3CatalogStore(client, outputs.Bucket!));
  if (catalog.backups.length !== 1 || catalog.damaged.length > 0)
    throw new Error('the catalog has not one good backup');
  printCatalog(catalog);
  await printPlaces(client, outputs, catalog);

  await showProof(here);
  await showDamage(here, shop, catalog.backups[0]!);
  await showRestore(here, shop);
  await showFailure(here, shop);
  if (!values.keep) return;
  kept = true;
  await keep(here, directory, shop.look);
}

/** A run that fails, the email that it sends, and the one that says that all is well again. */
async function showFailure(here: Parameters<typeof backUp>[0], shop: DemoDatabase): Promise<void> {
  console.log(`\n${colors.bold('And if a backup fails')}`);
  await step(shop.fault, () => shop.breakIt());
  const now = new Date();
  if ((await backUp(here, 'backing up again, six hours later', now)) === 0) throw new Error('the backup did not fail');
  printEmail(await step('waiting for the email', () => nextEmail(here.emulator)));
  await step(shop.repair, () => shop.repairIt());
  await backUp(here, 'backing up again', now);
  const { subject } = await step('waiting for the email', () => nextEmail(here.emulator));
  say(`Subject: ${subject}`, { indent: '  ' });
}

function interrupted(signal: NodeJS.Signals): void {
  console.error(errorColors.yellow(`${signal}: cleaning up …`));
  void cleanUp().then(() => process.exit(kept ? 0 : 128 + os.constants.signals[signal]));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupted);
demo()
  .then(() => 0)
  .catch((error: Error) => {
    if (!cleaned) console.error(errorColors.red(error.message));
    return 1;
  })
  .then(async (code) => {
    const own = !cleaned;
    await cleanUp();
    if (own) process.exit(code);
  });
