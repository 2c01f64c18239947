import * as path from 'node:path';
import type { Notification } from '../../../catalog/contract/notification';
import type { BatchAnswer } from '../../../lambda/notify/notify';
import type { QueueMessage } from '../../../lambda/notify/problems/observation';
import { Emulator, ROOT } from '../../emulator/emulator';
import { run as runProgram } from '../../support/processes';
import { FaultProxy } from './notify-fault-proxy';
import { logged, message, NotifyScene, run } from './notify-support';

const SOURCES = Array.from({ length: 300 }, (_, index) => `source-${String(index).padStart(3, '0')}`);
/** What Lambda hands to two invocations at once, each with as much as came in a minute. */
const INVOCATIONS = 2;

let emulator: Emulator;
beforeAll(async () => {
  emulator = await Emulator.start();
});
afterAll(() => emulator.stop());

/** Runs the bundle as Lambda does: in a process of its own, with nothing but its environment. */
async function invoke(Records: readonly QueueMessage[], env: Record<string, string>): Promise<BatchAnswer> {
  const program = `
    const { handler } = require(${JSON.stringify(path.join(ROOT, 'dist/lambda/notify/index.js'))});
    const event = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
    const start = Date.now();
    handler(event, { getRemainingTimeInMillis: () => 120000 - (Date.now() - start) }).then((answer) => {
      console.log(JSON.stringify({ answer }));
    });`;
  const written = await runProgram(process.execPath, ['--eval', program], {
    env: { PATH: process.env.PATH, ...env },
    input: JSON.stringify({ Records }),
  });
  // What was only looked up, and came too late, may still be logged afterwards.
  const line = written.split('\n').find((text) => text.startsWith('{"answer"'))!;
  return (JSON.parse(line) as { answer: BatchAnswer }).answer;
}

/** Refuses some of everything, as AWS does when much comes at once. */
function throttled(operation: string, count: number): string | undefined {
  if (operation.startsWith('DynamoDB')) return count % 9 === 4 ? 'ProvisionedThroughputExceededException' : undefined;
  if (operation === 'Publish') return count % 3 === 1 ? 'Throttling' : undefined;
  return count % 9 === 1 ? 'ThrottlingException' : undefined;
}

test('300 sources that fail within a minute are all told, in few emails, although AWS throttles', async () => {
  const here = await NotifyScene.create(emulator, 'notify-load', SOURCES);
  const minute = Date.now() - 120_000;
  // Of two causes, with some that come twice, to whichever invocation.
  const events = SOURCES.map((source, index) => run(source, index % 3 === 0 ? 11 : 13, new Date(minute + index * 200)));
  const delivered = [...events, ...events.slice(0, 20)].map((event) => message(event));
  await here.log('source-001/backup/task', [logged('error', 'failed', 'mysqldump was killed')]);
  const proxy = await FaultProxy.start(emulator.endpoint, throttled);
  const environment = { ...here.alarms.environment, AWS_ENDPOINT_URL: proxy.endpoint };

  const batches = Array.from({ length: INVOCATIONS }, (_, invocation) =>
    delivered.filter((_, index) => Math.floor(index / 10) % INVOCATIONS === invocation),
  );
  const answers = await Promise.all(batches.map((batch) => invoke(batch, environment)));
  await proxy.stop();

  expect(answers).toEqual(batches.map(() => ({ batchItemFailures: [] })));
  expect([...proxy.refused.keys()].sort()).toEqual(
    ['ProvisionedThroughputExceededException', 'Throttling', 'ThrottlingException'].sort(),
  );

  const emails = await here.emails();
  const told = await here.notifications();
  expect(emails.length).toBeLessThanOrEqual(2 * INVOCATIONS);
  const inMessages = told.flatMap(({ problems = [] }: Notification) => problems.map(({ source }) => source));
  expect([...new Set(inMessages)].sort()).toEqual(SOURCES);
  const text = emails.map((email) => email.text).join('\n');
  expect(SOURCES.filter((source) => !text.includes(source))).toEqual([]);

  const remembered = await Promise.all(SOURCES.map((source) => here.alarms.remembered(`problems/${source}`)));
  for (const one of remembered) {
    expect(one).toMatchObject({ open: { failed: { times: 1, toldAt: expect.any(String) as string } } });
  }
}, 240_000);
