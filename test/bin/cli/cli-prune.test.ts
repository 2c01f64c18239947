import type { PruneRequest } from '../../../catalog/contract/handlers';
import type { Answer, Asked } from './cli-support';
import {
  cli,
  DIRECTORY,
  directoryParameter,
  isolateEnvironment,
  pruneReport,
  sourceReport,
  StandIn,
} from './cli-support';

isolateEnvironment();

const OLD = '2026-10-01T02-00-00Z';
const listing = (sources: readonly string[], name = 'shop') =>
  directoryParameter(name, {
    functions: { prune: `${name}-prune` },
    sources: Object.fromEntries(sources.map((source) => [source, {}])),
  });
const LIFECYCLE =
  '<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><NoncurrentVersionExpiration><NoncurrentDays>14</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>';

/** A function's answer to a request. */
type Function = (request: PruneRequest, name: string) => Answer;

let parameters: object[];
let prune: Function;
let standIn: StandIn;
const requests = () =>
  standIn.asked.flatMap(({ path, body }) => (path.includes('/invocations') ? [JSON.parse(body) as PruneRequest] : []));

beforeEach(async () => {
  parameters = [listing(['shop'])];
  prune = ({ dryRun }) => ({ body: dryRun ? pruneReport() : pruneReport({ dryRun: false }) });
  standIn = new StandIn(answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

/** Answers with one parameter a page. */
function answer({ target, path, body }: Asked): Answer | undefined {
  if (target === 'AmazonSSM.GetParametersByPath') {
    const { NextToken = '0', Path } = JSON.parse(body) as { NextToken?: string; Path: string };
    const found = Path === DIRECTORY ? parameters : [];
    const page = Number(NextToken);
    const next = page + 1 < found.length ? { NextToken: String(page + 1) } : {};
    return { body: { Parameters: found.slice(page, page + 1), ...next } };
  }
  const [, name] = /functions\/([^/]+)\/invocations/.exec(path) ?? [];
  if (name !== undefined) return prune(JSON.parse(body) as PruneRequest, decodeURIComponent(name));
  if (/^\/shop-backups\/?\?lifecycle/.test(path)) return { body: LIFECYCLE };
  return undefined;
}

const BUCKET = ['prune', '--bucket', 'shop-backups'];

test('a dry run shows the plan and deletes nothing', async () => {
  const { code, out, err } = await cli([...BUCKET, '--dry-run']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^shop +2026-10-01T02-00-00Z .* delete +no rule keeps it$/m);
  expect(out).toMatch(/^1 backup would be deleted\.$/m);
  expect(requests()).toEqual([{ dryRun: true, explain: true }]);
});

test('--yes deletes exactly what was shown', async () => {
  const { code, out } = await cli([...BUCKET, '--yes']);
  expect(code).toBe(0);
  expect(out).toMatch(/^shop +1 +326\.1 MiB +1 +0$/m);
  expect(requests()).toEqual([
    { dryRun: true, explain: true },
    { source: 'shop', confirmed: [OLD] },
  ]);
});

test('a person is asked, and told for how long it can be taken back', async () => {
  const { code, err } = await cli(BUCKET, 'yes\n');
  expect(code).toBe(0);
  expect(err).toBe(
    'Delete 1 backup of 1 source (325.2 MiB)? They can be brought back with undelete for 14 days. Type yes: ',
  );
  expect(requests()).toHaveLength(2);
});

test.each(['no\n', 'y\n', 'YES\n', '\n', ''])('%j is a no', async (typed) => {
  const { code, out } = await cli(BUCKET, typed);
  expect(code).toBe(0);
  expect(out).toMatch(/^Nothing was deleted\.$/m);
  expect(requests()).toHaveLength(1);
});

test.each([
  [
    BUCKET,
    'cannot ask for confirmation, because standard input is not a terminal: add --yes, or --dry-run to delete nothing',
  ],
  [[...BUCKET, '--json'], '--json cannot ask for confirmation: add --yes, or --dry-run to delete nothing'],
  [
    ['prune'],
    'no bucket given: use --bucket or --stack, set PROVEN_BACKUPS_BUCKET, or prune snapshots with --function',
  ],
  [[...BUCKET, '--function', 'x'], "option '--function <name>' cannot be used with option '--bucket <name>'"],
])('%j is refused before AWS is asked anything', async (args, sentence) => {
  const { code, err } = await cli(args);
  expect({ code, err }).toEqual({ code: 2, err: `error: ${sentence}\n` });
  expect(standIn.asked).toEqual([]);
});

test('nothing to delete', async () => {
  prune = () => ({ body: pruneReport({ sources: [sourceReport({ decisions: [], deleted: 0 })] }) });
  const { code, out } = await cli([...BUCKET, '--yes']);
  expect({ code, out }).toEqual({ code: 0, out: 'shop-backups has no backups.\nNothing to delete.\n' });
});

describe('problems end with 3', () => {
  const damaged = [{ id: OLD, damage: 'shop.sql.zst is missing' }];

  test('in a dry run', async () => {
    prune = () => ({ body: pruneReport({ sources: [sourceReport({ damaged })], problems: 1 }) });
    const { code, out } = await cli([...BUCKET, '--dry-run']);
    expect(code).toBe(3);
    expect(out).toContain(`problem shop: ${OLD} is damaged: shop.sql.zst is missing`);
  });

  test('of a source of which nothing was deleted', async () => {
    const sick = sourceReport({ source: 'blog', damaged, decisions: [] });
    prune = ({ dryRun }) => ({ body: pruneReport({ sources: dryRun ? [sick, sourceReport()] : [sourceReport()] }) });
    expect((await cli([...BUCKET, '--yes'])).code).toBe(3);
  });

  test('of a delete that failed', async () => {
    const errors = ['could not delete an object'];
    prune = ({ dryRun }) => ({ body: pruneReport({ sources: [sourceReport(dryRun ? {} : { errors })] }) });
    const { code, out } = await cli([...BUCKET, '--yes']);
    expect(code).toBe(3);
    expect(out).toContain('problem shop: could not delete an object');
  });

  test('but not of what the person overruled', async () => {
    const refusal = { why: 'too-many', sentence: '1 of 2 backups would be deleted' };
    prune = ({ dryRun }) => ({
      body: pruneReport({ sources: [sourceReport(dryRun ? ({ refusal } as object) : {})], problems: dryRun ? 1 : 0 }),
    });
    expect((await cli([...BUCKET, '--dry-run'])).code).toBe(3);
    expect((await cli([...BUCKET, '--yes'])).code).toBe(0);
  });
});

test('without a recent backup nothing is deleted, whoever wants it', async () => {
  const refusal = { why: 'no-recent-backup', sentence: 'the newest complete backup is 72 hours old' };
  prune = () => ({ body: pruneReport({ sources: [sourceReport({ refusal } as object)], problems: 1 }) });
  const { code, out } = await cli([...BUCKET, '--yes']);
  expect(code).toBe(3);
  expect(out).toMatch(/Nothing to delete\.\n$/);
  expect(requests()).toHaveLength(1);
});

test('what did not fit into a common answer is asked for once more, by itself', async () => {
  prune = ({ source }) => ({
    body: pruneReport({
      sources: [source === undefined ? sourceReport({ decisions: [], decisionsLeftOut: 2 }) : sourceReport()],
    }),
  });
  const { out } = await cli([...BUCKET, '--dry-run']);
  expect(out).toContain('1 backup would be deleted');
  expect(requests()).toEqual([
    { dryRun: true, explain: true },
    { dryRun: true, explain: true, source: 'shop' },
  ]);
});

test('every construct that manages sources of the bucket is asked, and each about its own', async () => {
  parameters = [listing(['shop']), listing(['blog', 'wiki'], 'other')];
  const asked: string[] = [];
  prune = ({ source }, name) => {
    asked.push(`${name} ${source}`);
    return { body: pruneReport({ sources: [sourceReport({ source: name === 'shop-prune' ? 'shop' : 'blog' })] }) };
  };
  expect((await cli([...BUCKET, '--yes'])).code).toBe(0);
  expect(asked).toEqual(['other-prune undefined', 'shop-prune undefined', 'other-prune blog', 'shop-prune shop']);
  asked.length = 0;
  await cli([...BUCKET, '--dry-run', '--source', 'wiki']);
  expect(asked).toEqual(['other-prune wiki']);
});

test('a source that nothing prunes', async () => {
  parameters = [listing(['shop', 'blog'])];
  const { code, err } = await cli([...BUCKET, '--dry-run', '--source', 'shpo']);
  expect({ code, err }).toEqual({
    code: 1,
    err: 'error: bucket shop-backups has no source shpo: known are blog, shop\n',
  });
});

test('a source that is backed up, and never pruned', async () => {
  parameters = [listing([]), directoryParameter('wiki', { sources: { wiki: {} } })];
  const { code, err } = await cli([...BUCKET, '--dry-run', '--source', 'wiki']);
  expect({ code, err }).toEqual({
    code: 1,
    err: 'error: nothing prunes source wiki of bucket shop-backups: give its DatabaseBackup a BackupPruning, or use Backups\n',
  });
});

test.each([
  [
    [],
    `has no directory: eu-west-1 has no parameter under ${DIRECTORY}: check --bucket, --region and the account, or deploy its stack again`,
  ],
  [[directoryParameter('wiki', {})], 'has no prune function: deploy a stack with Backups or BackupPruning for it'],
])('a bucket that nothing prunes', async (found, sentence) => {
  parameters = found;
  const { code, err } = await cli([...BUCKET, '--dry-run']);
  expect({ code, err }).toEqual({ code: 1, err: `error: bucket shop-backups ${sentence}\n` });
});

test.each([
  ['{', /^error: the settings \S+\/shop are not JSON: .*: deploy their stack again\n$/],
  ['{"formatVersion":1}', /^error: the settings \S+\/shop are damaged: bucket: .*: deploy their stack again\n$/],
  [
    listing([]).Value.replace('"formatVersion":1', '"formatVersion":2'),
    /^error: the settings \S+\/shop have format 2, but this version of cdk-proven-backups reads formats up to 1: update cdk-proven-backups\n$/,
  ],
  [listing(['../x']).Value, /^error: the settings \S+\/shop are damaged: sources: \.\.\/x: /],
])('a directory that cannot be read: %s', async (Value, sentence) => {
  parameters = [{ ...listing([]), Value }];
  expect(await cli([...BUCKET, '--dry-run'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(sentence) as string,
  });
});

test('a function by its name, without a directory', async () => {
  parameters = [];
  const args = ['prune', '--function', 'snapshots-prune', '--source', 'vol-0a', '--dry-run'];
  const names: string[] = [];
  prune = (_, name) => (names.push(name), { body: pruneReport({ of: 'backup=nightly' }) });
  expect((await cli(args)).code).toBe(0);
  expect(names).toEqual(['snapshots-prune']);
  expect(requests()).toEqual([{ dryRun: true, explain: true, source: 'vol-0a' }]);
});

describe('JSON', () => {
  test('of a dry run', async () => {
    const { out } = await cli([...BUCKET, '--dry-run', '--json']);
    expect(JSON.parse(out)).toEqual({ plan: pruneReport() });
  });

  test('of a deletion', async () => {
    const { out } = await cli([...BUCKET, '--yes', '--json']);
    expect(JSON.parse(out)).toEqual({ plan: pruneReport(), result: pruneReport({ dryRun: false }) });
  });
});

describe('functions that fail', () => {
  const failed = (errorMessage: string): Answer => ({
    headers: { 'X-Amz-Function-Error': 'Unhandled' },
    body: { errorMessage, errorType: 'HandlerError', trace: [] },
  });

  test('the sentence of the function, and no stack trace', async () => {
    prune = () => failed('could not list the bucket shop-backups: AccessDenied: nothing was done');
    const { code, err } = await cli([...BUCKET, '--dry-run']);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'error: the function shop-prune failed: could not list the bucket shop-backups: AccessDenied: nothing was done\n',
    });
  });

  test('on the way: what was done until then is shown', async () => {
    const sources = [sourceReport(), sourceReport({ source: 'blog' })];
    prune = ({ dryRun, source }) => {
      if (dryRun) return { body: pruneReport({ sources }) };
      return source === 'shop'
        ? { body: pruneReport({ dryRun: false }) }
        : failed('Task timed out after 900.00 seconds');
    };
    const { code, out, err } = await cli([...BUCKET, '--yes']);
    expect(code).toBe(1);
    expect(out).toMatch(/^shop +1 +326\.1 MiB +1 +0$/m);
    expect(err).toBe('error: the function shop-prune failed: Task timed out after 900.00 seconds\n');
  });

  test('that are not there', async () => {
    const headers = { 'x-amzn-errortype': 'ResourceNotFoundException' };
    prune = () => ({ status: 404, headers, body: { Message: 'Function not found' } });
    expect((await cli([...BUCKET, '--dry-run'])).err).toBe(
      'error: cannot invoke the function shop-prune: it does not exist: check --region and the account, or deploy its stack again\n',
    );
  });
});
