import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { encrypt } from '../../../catalog/age/age';
import { readRecipient } from '../../../catalog/age/recipients';
import { manifestText } from '../../../catalog/bucket/manifest';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import { mistyped } from '../../support/mistyped';
import { temporaryDirectory } from '../../support/processes';
import type { Answer, Asked } from './cli-support';
import { cli, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

const DUMP = Buffer.from(`-- a dump\n${'INSERT INTO book VALUES (1);\n'.repeat(2000)}`);
const STORED = zstdCompressSync(DUMP);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const [OLD, NEW] = ['2026-11-19T02-00-00Z', '2026-11-20T02-00-00Z'];

const manifestOf = (id: string, changes = {}) =>
  exampleManifest({
    backupId: id,
    objects: [
      {
        ...exampleManifest().objects[0]!,
        ...{
          key: `shop/${id}/shop.sql.zst`,
          bytes: STORED.length,
          uncompressedBytes: DUMP.length,
          sha256: sha256(STORED),
        },
        ...changes,
      },
    ],
  });

/** The bucket, by key. */
let objects: Map<string, Buffer | string>;
/** Storage classes that are not Standard, by key. */
let classes: Record<string, string>;
/** Headers `x-amz-restore`, by key. */
let retrievals: Record<string, string>;
/** Whether copies of retrieved objects have gone again. */
let expired: boolean;
/** Sizes that the listing tells in place of the real ones, by key. */
let sizes: Record<string, number>;
/** The settings of the alarms. */
let settings: { readonly Name: string }[];
/** Breaks off the answer with an object after so many bytes, once. */
let breakAfter: number | undefined;
let aws: StandIn;
let directory: string;

const verdict = (what: string) => JSON.stringify({ formatVersion: 1, verdict: what, testedAt: '2026-11-20T05:00:00Z' });

beforeEach(async () => {
  objects = new Map();
  classes = {};
  retrievals = {};
  expired = false;
  sizes = {};
  settings = [];
  breakAfter = undefined;
  for (const id of [OLD, NEW]) {
    objects.set(`shop/${id}/manifest.json`, manifestText(manifestOf(id)));
    objects.set(`shop/${id}/shop.sql.zst`, STORED);
  }
  directory = path.join(temporaryDirectory('fetched'), 'restore');
  aws = new StandIn(answer);
  await aws.start();
});
afterEach(async () => {
  await aws.stop();
  fs.rmSync(path.dirname(directory), { recursive: true });
});

function answer(request: Asked): Answer | undefined {
  const { method, path: asked, range, target } = request;
  if (target) return parametersUnder(request, settings);
  const url = new URL(asked, 'http://s3');
  if (url.searchParams.has('list-type')) {
    const prefix = url.searchParams.get('prefix') ?? '';
    const rows = [...objects].filter(([key]) => key.startsWith(prefix)).sort();
    const xml = rows.map(
      ([key, body]) =>
        `<Contents><Key>${key}</Key><Size>${sizes[key] ?? Buffer.byteLength(body)}</Size><LastModified>2026-11-20T03:00:00.000Z</LastModified><StorageClass>${classes[key] ?? 'STANDARD'}</StorageClass></Contents>`,
    );
    return { body: `<ListBucketResult><IsTruncated>false</IsTruncated>${xml.join('')}</ListBucketResult>` };
  }
  const key = decodeURIComponent(url.pathname).replace(/^\/shop-backups\//, '');
  const body = objects.get(key);
  if (body === undefined) return undefined;
  if (method === 'HEAD' && retrievals[key] !== undefined) return { headers: { 'x-amz-restore': retrievals[key] } };
  if (method === 'HEAD') return {};
  if (method === 'POST') {
    retrievals[key] = 'ongoing-request="true"';
    return { status: 202 };
  }
  if (classes[key] === 'DEEP_ARCHIVE' && (!retrievals[key]?.includes('"false"') || expired))
    return { status: 403, body: '<Error><Code>InvalidObjectState</Code><Message>archived</Message></Error>' };
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const bytes = Buffer.from(body).subarray(from);
  const cutAt = key.endsWith('.zst') ? breakAfter : undefined;
  if (cutAt !== undefined) breakAfter = undefined;
  return { status: from > 0 ? 206 : 200, body: bytes, cutAt };
}

const args = (...more: string[]) => ['--bucket', 'shop-backups', '--source', 'shop', ...more];
const fetchInto = (...more: string[]) => cli(['fetch', ...args('--output', directory, ...more)]);
const files = (): string[] => fs.readdirSync(directory).sort();

describe('fetch', () => {
  test('downloads the newest backup, says that nothing has proven it, and prints its commands', async () => {
    const { code, out, err } = await fetchInto();
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringMatching(
        `^note no restore test has proven backup ${NEW}\nfetching backup ${NEW} of shop, `,
      ) as string,
    });
    expect(files()).toEqual(['manifest.json', 'shop.sql.zst']);
    expect(fs.readFileSync(path.join(directory, 'shop.sql.zst'))).toEqual(STORED);
    expect(fs.readFileSync(path.join(directory, 'manifest.json'), 'utf8')).toBe(manifestText(manifestOf(NEW)));
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
    for (const file of files()) expect(fs.statSync(path.join(directory, file)).mode & 0o777).toBe(0o600);
    expect(out).toMatch(/^Fetched backup .*: .*, every byte as in its manifest\.$/m);
    expect(out).toContain('with the tools of MariaDB 10.11.19-MariaDB:');
    expect(out).toMatch(/^ {3}zstd -dc shop\.sql\.zst \| mariadb --defaults-extra-file=admin\.cnf --comments /m);
  });

  test('goes on where it broke while it wrote the manifest', async () => {
    await fetchInto();
    fs.writeFileSync(path.join(directory, 'manifest.json'), '{"source": "sh');
    expect((await fetchInto()).code).toBe(0);
    expect(fs.readFileSync(path.join(directory, 'manifest.json'), 'utf8')).toBe(manifestText(manifestOf(NEW)));
  });

  test('prefers the newest proven one, and says that there is a newer one', async () => {
    objects.set(`shop/${OLD}/restore-test.json`, verdict('passed'));
    objects.set(`shop/${NEW}/restore-test.json`, verdict('failed'));
    const { out, err } = await fetchInto('--json');
    expect(JSON.parse(out)).toMatchObject({ backup: OLD, files: ['shop.sql.zst'], directory });
    expect(err).toContain(`a newer backup exists, which no restore test has proven: the newest is ${NEW}`);
  });

  test('passes over a proven one that is damaged since', async () => {
    objects.set(`shop/${OLD}/restore-test.json`, verdict('passed'));
    objects.set(`shop/${OLD}/manifest.json`, 'no JSON');
    const { code, out } = await fetchInto('--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ backup: NEW, notes: [`no restore test has proven backup ${NEW}`] });
  });

  test('takes the newest one up to a time, or the one that is named', async () => {
    const { out } = await fetchInto('--at', '2026-11-20T01:59', '--json');
    expect(JSON.parse(out)).toMatchObject({ backup: OLD });
    const other = await cli(['fetch', ...args('--output', `${directory}-2`, '--json'), OLD]);
    expect(JSON.parse(other.out)).toMatchObject({ backup: OLD });
  });

  test.each([[[]], [['--json']]])(
    'of an incremental backup fetches the list of files, and says so: %j',
    async (more) => {
      const repository = {
        ...{ format: 'restic', bucket: 'shop-files', prefix: 'shop', snapshot: 'a'.repeat(64), tree: 'b'.repeat(64) },
        ...{ files: 3, bytes: 3e9, addedBytes: 1e9 },
      };
      const manifest = { ...manifestOf(NEW, { kind: 'contents' }), engine: 'files', repository };
      objects.set(`shop/${NEW}/manifest.json`, manifestText(manifest));
      const { code, out, err } = await fetchInto(...more);
      expect(code).toBe(0);
      const note =
        'the files themselves are in repository s3://shop-files/shop, and this fetches only their list: restore --local --to fetches the files';
      expect(err).toContain(`note ${note}\n`);
      if (more.length > 0)
        expect(JSON.parse(out)).toMatchObject({ notes: [`no restore test has proven backup ${NEW}`, note] });
      else
        expect(out).toMatch(
          new RegExp(`^Fetched the list of the files of backup ${NEW} of shop into .*, every byte as in`),
        );
    },
  );

  describe('of a backup that is encrypted', () => {
    const key = (): string => path.join(path.dirname(directory), 'key.txt');
    let stored: Buffer;
    beforeEach(async () => {
      const identity = await generateX25519Identity();
      const recipient = await identityToRecipient(identity);
      fs.writeFileSync(key(), `# created: today\n${identity}\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of encrypt(Readable.from([STORED]), [recipient])) chunks.push(chunk);
      stored = Buffer.concat(chunks);
      const { type, fingerprint } = readRecipient(recipient);
      const object = { key: `shop/${NEW}/shop.sql.zst.age`, compression: 'zstd-age', bytes: stored.length };
      const { objects: list, ...manifest } = manifestOf(NEW, { ...object, sha256: sha256(stored) });
      const encryption = { format: 'age', recipients: [{ type, fingerprint }] };
      objects.set(`shop/${NEW}/manifest.json`, manifestText({ ...manifest, encryption, objects: list }));
      objects.delete(`shop/${NEW}/shop.sql.zst`);
      objects.set(object.key, stored);
    });

    test('leaves it so, and prints commands that decrypt it', async () => {
      const { code, out } = await fetchInto();
      expect([code, files()]).toEqual([0, ['manifest.json', 'shop.sql.zst.age']]);
      expect(fs.readFileSync(path.join(directory, 'shop.sql.zst.age')).equals(stored)).toBe(true);
      expect(out).toContain('age -d -i "$IDENTITY" shop.sql.zst.age | zstd -dc | mariadb ');
    });

    test('decrypts it with an identity, and decompresses it on request', async () => {
      const { out } = await fetchInto('--identity', key());
      expect(files()).toEqual(['manifest.json', 'shop.sql.zst']);
      expect(fs.readFileSync(path.join(directory, 'shop.sql.zst')).equals(STORED)).toBe(true);
      expect(out).toContain('zstd -dc shop.sql.zst | mariadb ');
      fs.rmSync(directory, { recursive: true });
      await fetchInto('--identity', key(), '--decompress');
      expect(files()).toEqual(['manifest.json', 'shop.sql']);
      expect(fs.readFileSync(path.join(directory, 'shop.sql'))).toEqual(DUMP);
    });

    test('with the identity of another keeps what it has fetched', async () => {
      fs.writeFileSync(key(), await generateX25519Identity());
      const { code, err } = await fetchInto('--identity', key(), '--decompress');
      expect([code, files()]).toEqual([1, ['shop.sql.zst.age']]);
      expect(err).toMatch(/could not open .*shop\.sql\.zst\.age: it is encrypted to other recipients/);
    });

    test('with a mistyped identity refuses it, and shows none of it', async () => {
      const secret = mistyped(await generateX25519Identity());
      fs.writeFileSync(key(), secret);
      const { code, out, err } = await fetchInto('--identity', key());
      expect([code, fs.existsSync(directory)]).toEqual([2, false]);
      expect(err).toMatch(/--identity must be a file of private keys: .* key 1 of 1 is mistyped/);
      expect(out + err).not.toMatch(/AGE-SECRET-KEY-1\w/);
    });

    test.each<[string, string[], RegExp]>([
      ['--decompress alone', ['--decompress'], /backup \S+ is encrypted to X25519 SHA256:\S+: give --identity/],
      ['a file that is not there', ['--identity', '/nowhere'], /--identity must be a file of private keys: ENOENT/],
      [
        'a file of something else',
        ['--identity', __filename],
        /--identity must be a file of private keys: the identity must be lines/,
      ],
    ])('refuses %s before it fetches', async (_, options, sentence) => {
      const { code, err } = await fetchInto(...options);
      expect(code).toBe(2);
      expect(err).toMatch(sentence);
      expect(fs.existsSync(directory)).toBe(false);
    });
  });

  test('decompresses on request', async () => {
    const { out } = await fetchInto('--decompress');
    expect(files()).toEqual(['manifest.json', 'shop.sql']);
    expect(fs.readFileSync(path.join(directory, 'shop.sql'))).toEqual(DUMP);
    expect(out).toContain('cat shop.sql | mariadb ');
  });

  test('retrieves a backup from an archive, and goes on when it is ready', async () => {
    const key = `shop/${NEW}/shop.sql.zst`;
    classes[key] = 'GLACIER';
    const begun = await fetchInto('--tier', 'expedited', '--decompress');
    expect(begun.code).toBe(4);
    expect(begun.out).toMatch(/^expedited +1 to 5 minutes +0\.01 USD$/m);
    expect(begun.out).toContain(
      `\nThe retrieval has begun: ready after 1 to 5 minutes.\nThen run: proven-backups fetch --bucket shop-backups --source shop --output ${directory} --decompress ${NEW}\n`,
    );
    expect(aws.asked.filter(({ method }) => method === 'POST').map(({ body }) => body)).toEqual([
      expect.stringContaining('<Tier>Expedited</Tier>'),
    ]);
    const waiting = await fetchInto('--json');
    expect(waiting.code).toBe(4);
    expect(JSON.parse(waiting.out)).toMatchObject({ backup: NEW, retrieval: { outcome: 'under-way' } });
    expect(fs.existsSync(directory)).toBe(false);
    retrievals[key] = 'ongoing-request="false", expiry-date="Fri, 27 Nov 2026 00:00:00 GMT"';
    expect((await fetchInto()).code).toBe(0);
  });

  test('trusts no file that it cannot check: one that would be its decompressed object stays as it is', async () => {
    fs.mkdirSync(directory);
    fs.writeFileSync(path.join(directory, 'shop.sql'), 'mine');
    const { code, err } = await fetchInto('--decompress');
    expect(code).toBe(1);
    expect(err).toMatch(/shop\.sql is there already: move it away, or choose another --output$/m);
    expect(files()).toEqual(['shop.sql']);
    expect(fs.readFileSync(path.join(directory, 'shop.sql'), 'utf8')).toBe('mine');
  });

  test('goes on where it broke', async () => {
    breakAfter = 20;
    const broken = await fetchInto();
    expect(broken).toMatchObject({
      code: 1,
      err: expect.stringMatching(/run the same command again, and it goes on where it broke$/m) as string,
    });
    expect(files()).toEqual(['shop.sql.zst.part']);
    fs.writeFileSync(path.join(directory, 'shop.sql.zst.part'), STORED.subarray(0, 20));
    expect((await fetchInto()).code).toBe(0);
    expect(aws.asked.filter(({ range }) => range === 'bytes=20-')).toHaveLength(1);
    expect(fs.readFileSync(path.join(directory, 'shop.sql.zst'))).toEqual(STORED);
    const before = aws.asked.length;
    expect((await fetchInto()).code).toBe(0);
    expect(aws.asked.slice(before).filter(({ path: asked }) => asked.includes('.zst'))).toEqual([]);
  });

  test('keeps nothing of an object that is not what its manifest says', async () => {
    const changed = Buffer.from(STORED);
    changed[50]! ^= 1;
    objects.set(`shop/${NEW}/shop.sql.zst`, changed);
    const { code, err } = await fetchInto();
    expect(code).toBe(1);
    expect(err).toContain(`it must have SHA-256 ${sha256(STORED)}, got: ${sha256(changed)}: what arrived was removed`);
    expect(files()).toEqual([]);
  });

  test.each<[string, () => void, string[], RegExp]>([
    [
      'a damaged one that is named',
      () => objects.delete(`shop/${NEW}/shop.sql.zst`),
      [NEW],
      /is damaged: .*shop\.sql\.zst is missing: fetch another one/,
    ],
    [
      'one in an archive',
      () => (classes[`shop/${NEW}/shop.sql.zst`] = 'DEEP_ARCHIVE'),
      [],
      /backup .* of shop is in an archive: add --tier bulk, standard or expedited to retrieve it$/m,
    ],
    [
      'one whose copy has gone again',
      () => {
        classes[`shop/${NEW}/shop.sql.zst`] = 'DEEP_ARCHIVE';
        retrievals[`shop/${NEW}/shop.sql.zst`] = 'ongoing-request="false"';
        expired = true;
      },
      [],
      /shop\.sql\.zst is in an archive: retrieve it with --tier, which takes hours, see docs\/storage-tiers\.md#retrieving/,
    ],
    [
      'a source whose backups are all damaged',
      () => [OLD, NEW].forEach((id) => objects.delete(`shop/${id}/shop.sql.zst`)),
      [],
      /has no complete backup: backup 2026-11-20T02-00-00Z is damaged: .*; backup 2026-11-19T02-00-00Z is damaged: /,
    ],
    ['a source without backups', () => objects.clear(), [], /source shop has no backup: check its name with/],
    [
      'a time before all',
      () => undefined,
      ['--at', '2026-11-01T00:00'],
      /has no backup as old as 2026-11-01T00:00:00\.000Z: the oldest is 2026-11-19T02-00-00Z/,
    ],
    [
      'an id that is not there',
      () => undefined,
      ['2026-01-01T00-00-00Z'],
      /has no backup 2026-01-01T00-00-00Z: the newest is/,
    ],
    [
      'more than the disk holds',
      () => {
        objects.set(`shop/${NEW}/manifest.json`, manifestText(manifestOf(NEW, { bytes: 2 ** 52 })));
        sizes[`shop/${NEW}/shop.sql.zst`] = 2 ** 52;
      },
      [],
      /restore must have 4\.0 PiB free, got: .*: choose another --output/,
    ],
  ])('refuses %s', async (_, change, more, sentence) => {
    change();
    const { code, err } = await fetchInto(...more);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
  });

  test('skips a damaged newest one, and says so', async () => {
    objects.set(`shop/${NEW}/manifest.json`, '{"formatVersion": 1');
    const { code, out, err } = await fetchInto('--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ backup: OLD });
    expect(err).toMatch(new RegExp(`note manifest shop/${NEW}/manifest.json is not JSON`));
  });

  test('refuses a directory with another backup, or with another file of that name', async () => {
    expect((await cli(['fetch', ...args('--output', directory), OLD])).code).toBe(0);
    const other = await fetchInto();
    expect(other.err).toContain(
      `holds backup ${OLD} of shop already: choose another --output for backup ${NEW} of shop`,
    );
    fs.rmSync(path.join(directory, 'manifest.json'));
    fs.writeFileSync(path.join(directory, 'shop.sql.zst'), 'mine');
    const taken = await fetchInto();
    expect(taken).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already, and is not the object') as string,
    });
    expect(fs.readFileSync(path.join(directory, 'shop.sql.zst'), 'utf8')).toBe('mine');
  });

  test.each([
    [['--at', 'yesterday'], /^error: --at must be a time in UTC, such as 2026-11-20T02:00, got: "yesterday"$/m],
    [['--at', '2026-11-20T02:00', NEW], /--at and the id of a backup cannot be given together/],
    [['newest'], /backup must be an id such as 2026-11-20T02-00-00Z, got: newest/],
  ])('%j is wrong usage', async (more, sentence) => {
    const { code, err } = await fetchInto(...more);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
    expect(aws.asked).toEqual([]);
  });
});

describe('show', () => {
  const show = (...more: string[]) => cli(['show', ...args(...more)]);

  test('shows the backup whole', async () => {
    classes[`shop/${NEW}/shop.sql.zst`] = 'GLACIER';
    objects.set(`shop/${NEW}/restore-test.json`, verdict('passed'));
    const notes = [
      { kind: 'no-history', objects: ['shop.book'] },
      { kind: 'of-the-future', objects: ['x'] },
    ];
    objects.set(
      `shop/${NEW}/manifest.json`,
      manifestText({ ...manifestOf(NEW), notes, leftOut: ['--ignore-table=shop.log'] }),
    );
    const { code, out, err } = await show();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Backup ${NEW} of shop in shop-backups\n`);
    for (const line of [
      /^ {2}made +.* ago, by the schedule, in 2 minutes$/m,
      /^ {2}engine +MariaDB 10\.11\.19-MariaDB$/m,
      /^ {2}proven +yes, 2026-11-20T05:00:00Z$/m,
      /^ {2}size +\d+ B stored, 56\.7 KiB before compression$/m,
      /^ {2}storage +GLACIER: a restore waits 3 to 5 hours$/m,
      /^ {2}content +1 table, 3 rows$/m,
      /^ {2}without +--ignore-table=shop\.log$/m,
      /^shop\.sql\.zst +\d+ B +56\.7 KiB +shop$/m,
      /^shop\.book +3$/m,
      /^note the past rows of system-versioned tables are not in the dump/m,
      /^note of-the-future: x$/m,
      new RegExp(`proven-backups restore --bucket shop-backups --source shop --backup ${NEW}$`, 'm'),
      new RegExp(`proven-backups fetch --bucket shop-backups --source shop ${NEW} --output restore$`, 'm'),
    ])
      expect(out).toMatch(line);
  });

  test('measures a restore against its objective, with what its tier takes', async () => {
    const Value = JSON.stringify({ sources: { shop: { recoveryTimeSeconds: 7200 } } });
    settings = [{ Name: '/proven-backups/shop-backups/alarms/shop', Value } as { Name: string }];
    const passed = { formatVersion: 1, verdict: 'passed', testedAt: '2026-11-20T05:00:00Z', loadSeconds: 192.4 };
    objects.set(`shop/${NEW}/restore-test.json`, JSON.stringify(passed));
    expect((await show()).out).toMatch(/^ {2}restore +3 min 12 s measured, the objective is 2 hours$/m);
    classes[`shop/${NEW}/shop.sql.zst`] = 'DEEP_ARCHIVE';
    expect((await show()).out).toMatch(
      /^ {2}restore +12 h 3 min \(12 hours to retrieve it, 3 min 12 s to load it\) measured, the objective is 2 hours: TOO SLOW$/m,
    );
    expect((await show(OLD)).out).toMatch(/^ {2}restore +not measured, the objective is 2 hours$/m);
  });

  test('prints its manifest and what the bucket knows as JSON', async () => {
    const { out } = await show('--json', OLD);
    expect(JSON.parse(out)).toEqual({
      ...{ bucket: 'shop-backups', backup: manifestOf(OLD), storageClass: 'STANDARD' },
      notes: [`no restore test has proven backup ${OLD}`],
    });
  });

  test('ends with 3 if the backup is damaged', async () => {
    objects.delete(`shop/${NEW}/shop.sql.zst`);
    const { code, out } = await show(NEW);
    expect(code).toBe(3);
    expect(out).toMatch(/^problem it is damaged: .*shop\.sql\.zst is missing$/m);
    expect(out).not.toContain('Fetch it');
  });

  test('shows counts before and after, and leaves the tables out on request', async () => {
    const tables = [
      { database: 'shop', name: 'a', rowsBefore: 3, rowsAfter: 5 },
      { database: 'shop', name: 'b', rowsBefore: null, rowsAfter: 1 },
    ];
    const consistency = { snapshot: 'single-transaction', rowCounts: 'bracketed', reason: 'no read lock' };
    objects.set(`shop/${NEW}/manifest.json`, manifestText({ ...manifestOf(NEW), tables, consistency }));
    const { out } = await show();
    expect(out).toMatch(/^shop\.a +3 to 5$/m);
    expect(out).toMatch(/^shop\.b +no table to 1$/m);
    expect(out).toContain('counted just before and just after the dump: no read lock');
    expect((await show('--no-tables')).out).not.toContain('shop.a');
  });
});
