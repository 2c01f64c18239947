import type { ExitCodeName } from '../../catalog/contract/task';
import type { RunReason } from '../../task/run/errors';
import { Program } from '../support/program';
import type { Fault, S3Request } from '../support/s3-fault-proxy';
import { Fixture } from './fixture';

jest.setTimeout(120_000);

const KEY = String.raw`[\w-]+/[\dTZ-]+/shop\.db\.zst`;
const NO_RECOVERY = String.raw`\(S3 did not recover within five tries; the next run starts over\)`;
const REFUSED = String.raw`AccessDenied: injected \(check that the task role may put objects under its prefix .*\)`;
const on =
  (operation: S3Request['operation'], fault: Fault, when: (request: S3Request) => boolean = () => true) =>
  (request: S3Request): Fault | undefined =>
    request.operation === operation && when(request) ? fault : undefined;
const unavailable = { status: 503, code: 'SlowDown' };
const denied = { status: 403, code: 'AccessDenied' };
const isManifest = ({ path }: S3Request): boolean => path.endsWith('/manifest.json');

/** Each ends the run: source, fault of S3, reason and sentence. */
const FATAL: [
  source: string,
  rule: (request: S3Request) => Fault | undefined,
  kind: RunReason['kind'],
  sentence: string,
][] = [
  [
    'start-503',
    on('CreateMultipartUpload', unavailable),
    's3-failed',
    `could not start the upload of ${KEY} .*: SlowDown: injected ${NO_RECOVERY}`,
  ],
  [
    'part-503',
    on('UploadPart', unavailable),
    's3-failed',
    `could not upload part \\d of ${KEY} .*: SlowDown: injected ${NO_RECOVERY}`,
  ],
  [
    'part-403',
    on('UploadPart', denied, ({ partNumber }) => partNumber === 2),
    's3-refused',
    `could not upload part 2 of ${KEY} .*: ${REFUSED}`,
  ],
  [
    'last-part',
    on('UploadPart', denied, ({ partNumber }) => partNumber === 3),
    's3-refused',
    `could not upload part 3 of ${KEY} .*: ${REFUSED}`,
  ],
  [
    'cut',
    on('UploadPart', { cutAfterBytes: 100_000 }),
    's3-not-reached',
    `could not upload part \\d of ${KEY} .*: (ECONNRESET|EPIPE): .* \\(no answer came: check the route to S3.*\\)`,
  ],
  [
    'complete',
    on('CompleteMultipartUpload', unavailable),
    's3-failed',
    `could not complete the upload of ${KEY} .*: SlowDown: injected ${NO_RECOVERY}`,
  ],
];

describe('S3 that', () => {
  let fixture: Fixture;
  beforeAll(async () => (fixture = await Fixture.start()));
  afterAll(() => fixture?.stop());
  afterEach(() => fixture.proxy.reset());

  test.each(FATAL)('fails for good (%s) ends the run without a trace', async (source, rule, kind, sentence) => {
    fixture.proxy.rule = rule;
    const result = await Program.run(fixture.sqlite(source));
    await fixture.expectFailure(result, source, 'uploadFailed', new RegExp(`^${sentence}$`), { kind });
    await fixture.expectNextRunSucceeds(fixture.sqlite(source));
  });

  test.each<[string, Fault, ExitCodeName]>([
    ['manifest-503', unavailable, 'uploadFailed'],
    ['manifest-403', denied, 'uploadFailed'],
  ])('fails the put of the manifest (%s) leaves data, but no backup', async (source, fault, exit) => {
    fixture.proxy.rule = on('PutObject', fault, isManifest);
    const result = await Program.run(fixture.sqlite(source));
    expect(result).toMatchObject({
      ...{
        exit,
        failure: expect.stringMatching(
          /^could not put [\w-]+\/[\dTZ-]+\/manifest\.json into bucket backups: \w+: injected/,
        ),
      },
    });
    expect(await fixture.bucket.manifests(source)).toEqual([]);
    expect(await fixture.bucket.unfinishedUploads()).toEqual([]);
    await fixture.expectNextRunSucceeds(fixture.sqlite(source));
  });

  test('refuses the lock is named', async () => {
    fixture.proxy.rule = on('PutObject', denied);
    const result = await Program.run(fixture.sqlite('lock-403'));
    const sentence = new RegExp(`^could not take the lock lock-403/lock\\.json in bucket backups: ${REFUSED}$`);
    await fixture.expectFailure(result, 'lock-403', 'uploadFailed', sentence, { kind: 's3-refused' });
  });

  /** After each of these the backup is complete all the same: source, what S3 does, requests that it took. */
  test.each<[string, (request: S3Request) => Fault | undefined, Partial<Record<S3Request['operation'], number>>]>([
    ['transient-503', on('UploadPart', unavailable, ({ count }) => count <= 2), { UploadPart: 5 }],
    ['transient-cut', on('UploadPart', { cutAfterBytes: 100_000 }, ({ count }) => count === 2), { UploadPart: 4 }],
    ['slow', on('UploadPart', { delay: 1500 }), { UploadPart: 3 }],
    [
      'complete-once',
      on('CompleteMultipartUpload', unavailable, ({ count }) => count === 1),
      { CompleteMultipartUpload: 2 },
    ],
    [
      'answer-lost',
      on('CompleteMultipartUpload', { loseAnswer: true }, ({ count }) => count === 1),
      { CompleteMultipartUpload: 2 },
    ],
    ['manifest-lost', on('PutObject', { loseAnswer: true }, isManifest), {}],
  ])('recovers (%s) gets a complete backup', async (source, rule, requests) => {
    let lost = 0;
    fixture.proxy.rule = (request) => {
      const fault = rule(request);
      return fault && 'loseAnswer' in fault && lost++ > 0 ? undefined : fault;
    };
    expect(await Program.run(fixture.sqlite(source))).toMatchObject({ exit: 'success', failure: '' });
    expect(Object.fromEntries(fixture.proxy.counts)).toMatchObject(requests);
    const [manifest] = await fixture.bucket.manifests(source);
    expect(manifest!.tables).toEqual([{ database: 'shop.db', name: 'orders', rows: 200 }]);
    await fixture.bucket.download(manifest!.objects[0]!);
    expect(await fixture.bucket.unfinishedUploads()).toEqual([]);
  });
});
