import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import type { BucketSettings, PruneReport } from '../catalog/contract/handlers';
import { HANDLER_ENV, settingsPath } from '../catalog/contract/handlers';
import { plan } from '../catalog/retention/retention';
import type { RetentionPolicy } from '../catalog/retention/retention-policy';
import { interrupted } from './interrupt';
import type { PruneRun } from './prune-results';
import { demands, report } from './prune-results';
import { PruneStub } from './prune-stub';
import { machine } from './results';

const HOUR = 3600;
/** Options that Lambda gives Node.js in a function of 256 MB. */
const NODE_FLAGS = ['--max-old-space-size=230', '--max-semi-space-size=12'];
/** Set by scripts/bench.mjs: the project's folder. */
const { BENCH_ROOT: root = '' } = process.env;

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

const calendar = { timeZone: 'UTC', weekStart: 'monday' } as const;
/** Retentions: one that deletes a day of so many hourly backups, and a year's calendar. */
const RETENTIONS: Record<PruneRun['scenario'], (backups: number) => RetentionPolicy> = {
  usual: (backups) => ({ ...calendar, keepLast: 3, daily: 14, keepForSeconds: (backups - 24) * HOUR }),
  first: () => ({ ...calendar, keepLast: 3, keepForSeconds: 48 * HOUR, daily: 14, weekly: 13, monthly: 12 }),
};

async function bench(stub: PruneStub, scenario: PruneRun['scenario'], backups: number): Promise<PruneRun> {
  const settings: BucketSettings = {
    formatVersion: 1,
    bucket: 'bench',
    maxDeleteShare: 1,
    retentions: [RETENTIONS[scenario](backups)],
    sources: { shop: { retention: 0, allowedAgeSeconds: 48 * HOUR } },
  };
  stub.hold(backups, settings);
  const program = `
    const { handler } = require(${JSON.stringify(path.join(root, 'dist/lambda/prune/index.js'))});
    const started = performance.now();
    handler({ dryRun: false }, { getRemainingTimeInMillis: () => 900000 }).then((answer) => {
      const seconds = (performance.now() - started) / 1000;
      process.stdout.write(JSON.stringify({ answer, seconds, peakRssBytes: process.resourceUsage().maxRSS * 1024 }));
    });`;
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL: stub.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_EC2_METADATA_DISABLED: 'true',
    [HANDLER_ENV.bucket]: 'bench',
    [HANDLER_ENV.settings]: `${settingsPath('bench')}own`,
  };
  const child = spawn(process.execPath, [...NODE_FLAGS, '--eval', program], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: interrupted,
  });
  const [written, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  if (code !== 0) throw new Error(`the handler ended with ${code} at ${backups} backups: ${written.slice(-2000)}`);
  const { answer, ...measured } = JSON.parse(written.trimEnd().split('\n').at(-1)!) as Answer;
  const { requests, deletedObjects } = stub.counted;
  const { deleted, kept, errors } = answer.sources[0]!;
  if (errors.length > 0 || deleted + kept !== backups || deletedObjects !== 2 * deleted) {
    throw new Error(`the handler did not do its work: ${written.slice(-2000)}`);
  }
  // Of the backups that are kept, those that only their age keeps are not read.
  const rules = { ...settings.retentions[0]!, keepForSeconds: undefined };
  const keptByRule = plan(stub.held, rules, new Date()).filter(({ keep }) => keep).length;
  return { scenario, backups, deleted, keptByRule, ...measured, requests };
}

interface Answer {
  readonly answer: PruneReport;
  readonly seconds: number;
  readonly peakRssBytes: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      prune: { type: 'boolean' },
      backups: { type: 'string', default: '1000,10000,25000,100000' },
      output: { type: 'string', default: path.join(root, 'bench/results-prune.json') },
    },
  });
  const stub = await PruneStub.start();
  const runs: PruneRun[] = [];
  try {
    for (const scenario of ['usual', 'first'] as const) {
      for (const backups of values.backups.split(',').map(Number)) {
        const run = await bench(stub, scenario, backups);
        runs.push(run);
        say(
          `${scenario}, ${backups} backups: ${run.seconds.toFixed(1)} s, ${Math.round(run.peakRssBytes / 2 ** 20)} MiB`,
        );
      }
    }
  } finally {
    await stub.stop();
  }
  const all = demands(runs);
  process.stdout.write(`${report(runs, all)}\n`);
  const document = { date: new Date().toISOString(), machine: machine(), node: process.version, demands: all, runs };
  fs.writeFileSync(values.output, `${JSON.stringify(document, null, 2)}\n`);
  say(`written to ${path.relative(process.cwd(), values.output)}`);
  if (all.some(({ met }) => !met)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  say(
    `${(error as Error).message}\nusage: npm run bench -- --prune [--backups 1000,25000] [--output bench/results-prune.json]`,
  );
  process.exitCode = 2;
});
