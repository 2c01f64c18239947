import { text } from 'node:stream/consumers';
import { Tool, talkOf, toolOutput } from '../../../task/io/tool';

const TALK = talkOf(/^-- (?:table (\w+))?/);
const run = (script: string, env: Record<string, string> = {}) => {
  const tool = new Tool({ command: process.execPath, args: ['-e', script], env, talk: TALK });
  tool.stdout.resume();
  return tool;
};

test('exit code 0 and nothing but talk is a success, and the talk names the table', async () => {
  const tool = run('console.error("-- hello"); console.error("-- table book")');
  await tool.succeeded();
  expect(tool.table).toBe('book');
  expect(tool.hasStarted).toBe(true);
});

test.each([
  ['process.exit(3)', 'exited with 3'],
  ['console.error("boom"); process.exit(2)', 'exited with 2: boom'],
  ['console.error("x".repeat(100))', `exited with 0 but complained: ${'x'.repeat(100)}`],
  [
    'process.kill(process.pid, "SIGKILL")',
    'was killed by SIGKILL, as the kernel does when memory runs out: raise memoryLimitMiB of this backup',
  ],
  ['process.kill(process.pid, "SIGSEGV")', 'was ended by SIGSEGV'],
])('%s fails with a sentence', async (script, sentence) => {
  await expect(run(script).succeeded()).rejects.toMatchObject({
    exit: 'dumpFailed',
    message: expect.stringContaining(sentence) as string,
  });
});

test('a tool that does not exist is a fault of the image', async () => {
  const tool = new Tool({ command: 'no-such-dump', args: [], talk: TALK });
  await expect(tool.succeeded()).rejects.toMatchObject({
    exit: 'configuration',
    message:
      "could not start no-such-dump: spawn no-such-dump ENOENT; the image must hold the engine's own client tools on PATH",
  });
});

test('of many complaints the last twenty are kept', async () => {
  const script = 'for (let i = 1; i <= 30; i++) console.error("line " + i)';
  await expect(run(script).succeeded()).rejects.toThrow(/: line 11 \| .* \| line 30$/);
});

test('a tool gets no secret, and no credentials of the role, from our environment', async () => {
  process.env.DATABASE_PASSWORD = 'hunter2';
  process.env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = '/v2/credentials/1';
  try {
    const names = await toolOutput(process.execPath, ['-p', 'Object.keys(process.env).sort().join()']);
    expect(names.split(',')).toEqual(expect.arrayContaining(['LC_ALL', 'PATH', 'TZ']));
    expect(names).not.toMatch(/DATABASE|AWS/);
  } finally {
    delete process.env.DATABASE_PASSWORD;
    delete process.env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  }
});

test('a tool that is stopped is gone afterwards', async () => {
  const tool = run('setInterval(() => {}, 1000)');
  await tool.stop();
  await expect(tool.succeeded()).rejects.toThrow('was ended by SIGTERM');
});

test('a tool that has failed is known to have ended before anybody reads what it wrote', async () => {
  const script = 'console.log("x".repeat(60000)); console.error("boom"); process.exit(2)';
  const tool = new Tool({ command: process.execPath, args: ['-e', script] }).holdOutput();
  await tool.started;
  expect(tool.hasStarted).toBe(true);
  expect(await text(tool.stdout)).toHaveLength(60_001);
  await expect(tool.succeeded()).rejects.toThrow('exited with 2: boom');
});

test('what a complaint means may depend on the table under way, and pass', async () => {
  const tool = new Tool({
    ...{ command: process.execPath, args: ['-e', 'console.error("-- table book"); console.error("gone")'], talk: TALK },
    classify: (said, table) => ({
      ...{ exit: 'dumpFailed', kind: 'table-changed', object: table, advice: `${said}: run it again`, passing: true },
    }),
  });
  tool.stdout.resume();
  await expect(tool.succeeded()).rejects.toMatchObject({
    ...{ passing: true, reason: { kind: 'table-changed', object: 'book', said: 'gone' } },
    message: expect.stringMatching(/exited with 0 but complained: gone \(gone: run it again\)$/) as string,
  });
});
