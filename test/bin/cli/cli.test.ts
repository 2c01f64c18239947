import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { buildSync } from 'esbuild';
import { version } from '../../../package.json';
import { CommandError, EXIT } from '../../../bin/cli/errors';
import { Output } from '../../../bin/cli/print/output';
import { captured, cli } from './cli-support';

const ROOT = path.resolve(__dirname, '../../..');

describe('exit codes', () => {
  test('are those that the help says', async () => {
    const { code, out, err } = await cli(['--help']);
    expect({ code, err }).toEqual({ code: EXIT.done, err: '' });
    expect(EXIT).toEqual({ done: 0, failed: 1, usage: 2, problems: 3, later: 4, untested: 5 });
    expect(out).toMatch(/^Exit codes:\n {2}0 {2}done\n {2}1 {2}failed\n {2}2 {2}wrong usage\n {2}3 {2}done, but/m);
  });

  test('0: the version', async () => {
    expect(await cli(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  test.each([
    [['prunes'], "error: unknown command 'prunes'\n(Did you mean prune?)\n"],
    [['--jsn'], "error: unknown option '--jsn'\n"],
    [['retention', 'simulate'], "error: required option '--retention <rules>' not specified\n"],
    [['retention', 'simulate', '--from'], "error: option '--from <day>' argument missing\n"],
    [['retention', 'now'], "error: unknown command 'now'\n"],
  ])('2: %j', async (args, err) => {
    expect(await cli(args)).toEqual({ code: 2, out: '', err });
  });

  test.each(
    ['', 's3://shop-backups', 'shop-backups/', 'a b', '../x'].flatMap((name) => [
      ['list', name],
      ['prune', name],
      ['undelete', name],
    ]),
  )('2: %s --bucket %j', async (command, name) => {
    const err = `error: --bucket must be the name of a bucket, such as shop-backups, got: ${JSON.stringify(name)}: leave out s3:// and folders\n`;
    expect(await cli([command, '--bucket', name])).toEqual({ code: 2, out: '', err });
  });

  test.each(['list', 'undelete'])('2: %s --source of a name that no source can have', async (command) => {
    const { code, err } = await cli([command, '--bucket', 'shop-backups', '--source', 'a/../b']);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/^error: source name must be 1 to 40 /) });
  });

  test('2: no command shows the help, on standard error', async () => {
    const { code, out, err } = await cli([]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^Usage: proven-backups /);
  });

  test('a sentence ends with 1 if nothing else is said', () => {
    expect(new CommandError('AWS refused').exitCode).toBe(1);
  });
});

describe('output', () => {
  const terminal = (columns: number) => {
    const streams = captured();
    return { ...streams, stdout: { ...streams.stdout, isTTY: true, columns } };
  };
  const HEAD = ['id', 'reasons'];
  const ROWS = [
    ['1', 'floor: newest 3; daily of 2026-11-20; weekly of 2026-11-16; monthly of 2026-11'],
    ['22', 'no rule keeps it'],
  ];

  test('a row of a table is a line where no terminal is', () => {
    const streams = captured();
    new Output(streams).table(HEAD, ROWS);
    expect(streams.out()).toBe(`id  reasons\n1   ${ROWS[0]![1]}\n22  no rule keeps it\n`);
  });

  test('the last column of a table is wrapped to the terminal, and its head is bold', () => {
    const streams = terminal(40);
    new Output(streams).table(HEAD, ROWS);
    const lines = streams.out().split('\n');
    const { NO_COLOR } = process.env;
    expect(NO_COLOR).toBeUndefined();
    expect(lines[0]).toBe('\u001b[1mid\u001b[22m  \u001b[1mreasons\u001b[22m');
    expect(lines.length).toBeGreaterThan(4);
    expect(lines.slice(1).filter((line) => line.length > 40)).toEqual([]);
  });

  test.each([80, 60])('columns for which %d have no room go below their row, in the head as well', (columns) => {
    const cells = ['shop', '2026-11-20T02-00-00Z', '11.8 MiB', 'mariadb 10.11.19', 'a word and another one'.repeat(4)];
    const names = ['source', 'backup', 'size', 'engine', 'why'];
    const streams = terminal(columns);
    new Output(streams).table(names, [cells, cells.map((cell) => cell.slice(0, 3))]);
    const lines = stripVTControlCharacters(streams.out()).trimEnd().split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.slice(0, 2)).toEqual(['source  backup                size      engine', '        why']);
    expect(lines[2]).toBe('shop    2026-11-20T02-00-00Z  11.8 MiB  mariadb 10.11.19');
    expect(lines.slice(3, -2).every((line) => line.startsWith('        a'))).toBe(true);
    expect(lines.slice(-2)).toEqual(['sho     202                   11.       mar', '        a w']);
  });

  test('a table with wide cells in a narrow terminal', () => {
    const streams = terminal(10);
    new Output(streams).table(['a', 'b'], [['x'.repeat(25), 'y'.repeat(9)]]);
    const lines = streams.out().trimEnd().split('\n').slice(2);
    expect(lines).toEqual(['x'.repeat(10), 'x'.repeat(10), 'x'.repeat(5), '   yyyyyyy', '   yy']);
  });

  test('what somebody wrote into a tag does not command the terminal', () => {
    const streams = captured();
    new Output(streams).table(['source'], [['a\tb\u001b[31m']]);
    expect(streams.out()).toBe('source\na?b?[31m\n');
  });

  test('what somebody wrote into a manifest does not command the terminal either', () => {
    const streams = captured();
    const output = new Output(streams);
    output.problem('shop: a\u001b[31m is\nmissing');
    output.note('a\u009b2J');
    expect(streams.out()).toBe('problem shop: a?[31m is?missing\nnote a?2J\n');
    output.tellProblem('a\u001b[31m');
    output.tell('a\u001b[31m\nb');
    output.error('a\u001b[31m\nb');
    expect(streams.err()).toBe('problem a?[31m\na?[31m\nb\nerror: a?[31m\nb\n');
  });

  test('no colours without a terminal, nor with NO_COLOR', () => {
    expect(new Output(captured()).colors.isColorSupported).toBe(false);
    expect(new Output(terminal(80)).colors.isColorSupported).toBe(true);
    process.env.NO_COLOR = '1';
    try {
      expect(new Output(terminal(80)).colors.isColorSupported).toBe(false);
    } finally {
      delete process.env.NO_COLOR;
    }
  });
});

describe('the program as it ships', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-'));
  const program = path.join(folder, 'cli.js');
  const SIMULATE = [
    ...['retention', 'simulate', '--retention', 'forever', '--schedule', 'every 1h'],
    ...['--from', '2026-01-01', '--to', '2026-12-31', '--json'],
  ];
  const KEYS = { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nobody' };
  beforeAll(() => {
    buildSync({
      entryPoints: [path.join(ROOT, 'bin/cli.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['aws-cdk-lib', 'constructs'],
    });
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  test('knows its version far from its package.json', () => {
    expect(execFileSync(process.execPath, [program, '--version'], { cwd: folder, encoding: 'utf8' })).toBe(
      `${version}\n`,
    );
  });

  test('writes all of a long output into a pipe', () => {
    const { status, stdout } = spawnSync(process.execPath, [program, ...SIMULATE], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).stored).toHaveLength(8760);
  });

  test('ends quietly when its reader does', () => {
    const script = `"$0" "$@" | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, program, ...SIMULATE], {
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: '{\n0\n', stderr: '' });
  });

  test('says nothing but its own sentence on an old Node.js', () => {
    // The lockfile's Node.js is a new one: the SDK asks for the version when it makes a client.
    const old = 'Object.defineProperty(process, "version", { value: "v20.20.2" })';
    const preload = path.join(folder, 'old.js');
    fs.writeFileSync(preload, old);
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1', AWS_REGION: 'eu-west-1', ...KEYS };
    const args = ['--require', preload, program, 'list', '--bucket', 'shop-backups', '--no-snapshots'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: cannot list the backups in bucket shop-backups: AWS was not reached: .*\n$/);
  });

  test('says wrong usage without a stack trace', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...SIMULATE, '--to', '2025-01-01'], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: 'error: --from and --to must be in order, got: 2026-01-01 and 2025-01-01: swap them\n',
    });
  });
});
