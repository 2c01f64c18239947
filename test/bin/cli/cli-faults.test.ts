import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Answer } from './cli-support';
import { cli, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

const error = (code: string, message = 'the words of AWS', more = '') =>
  `<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`;
const LIST = ['list', '--bucket', 'shop-backups', '--no-snapshots'];
const DOING = 'list the backups in bucket shop-backups';

/** An account without backups and without alarms. */
const EMPTY: Answer = { body: '<ListBucketResult/>' };

let answer: Answer;
let standIn: StandIn;
beforeEach(async () => {
  standIn = new StandIn((asked) => (answer === EMPTY && parametersUnder(asked, [])) || answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

/** What S3's answer becomes. */
async function sentence(answered: Answer): Promise<string> {
  answer = answered;
  const { code, out, err } = await cli(LIST);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  return err.replace(/^error: |\n$/g, '');
}

test.each([
  [
    'no such bucket',
    { status: 404, body: error('NoSuchBucket') },
    `cannot ${DOING}: no such bucket: check --bucket and the account of the credentials`,
  ],
  [
    'a permission that is missing',
    { status: 403, body: error('AccessDenied', 'User: x is not authorized to perform: s3:ListBucket') },
    `not allowed to ${DOING}: User: x is not authorized to perform: s3:ListBucket: this needs s3:ListBucket, s3:GetObject and kms:Decrypt, see docs/cli.md`,
  ],
  [
    'the wrong Region, by redirection',
    { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-3' }, body: error('PermanentRedirect') },
    `cannot ${DOING}: the bucket is in another Region: use --region eu-west-3`,
  ],
  [
    'the wrong Region, by signature',
    { status: 400, body: error('AuthorizationHeaderMalformed', 'expecting', '<Region>eu-west-3</Region>') },
    `cannot ${DOING}: the bucket is in another Region: use --region eu-west-3`,
  ],
  [
    'a session that is over',
    { status: 400, body: error('ExpiredToken') },
    'the credentials have expired (ExpiredToken): log in again, for example with aws sso login',
  ],
  [
    'credentials of nobody',
    { status: 403, body: error('InvalidAccessKeyId') },
    'AWS does not accept the credentials (InvalidAccessKeyId: the words of AWS): check --profile and the AWS_ variables',
  ],
  ['anything else', { status: 503, body: error('SlowDown') }, `cannot ${DOING}: SlowDown: the words of AWS`],
])('%s', async (_, answered, expected) => {
  expect(await sentence(answered)).toBe(expected);
});

test('no server', async () => {
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9';
  expect(await sentence({})).toMatch(
    new RegExp(`^cannot ${DOING}: AWS was not reached: .*: check the network and --region$`),
  );
});

test('no Region', async () => {
  delete process.env.AWS_REGION;
  expect(await sentence({})).toBe('no Region given: use --region, or set AWS_REGION');
});

test.each([
  [
    'no credentials',
    [],
    'no AWS credentials found: check --profile and AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
  [
    'a profile that does not exist',
    ['--profile', 'nobody'],
    'profile nobody has no AWS credentials: check its name with aws configure list-profiles',
  ],
])('%s', async (what, args, expected) => {
  if (what === 'no credentials') delete process.env.AWS_ACCESS_KEY_ID;
  const warn = jest.spyOn(console, 'warn');
  expect(await cli([...LIST, ...args])).toEqual({ code: 1, out: '', err: `error: ${expected}\n` });
  // The SDK would warn of the keys in the environment.
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

describe('profiles', () => {
  const config = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'cli-')), 'config');
  afterAll(() => fs.rmSync(path.dirname(config), { recursive: true }));
  fs.writeFileSync(
    config,
    `[profile mine]
aws_access_key_id = mine
aws_secret_access_key = x
[profile role]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = mine
mfa_serial = arn:aws:iam::111122223333:mfa/x
[profile sso]
sso_start_url = https://sso.example.com
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = x
`,
  );
  beforeEach(() => {
    delete process.env.AWS_ACCESS_KEY_ID;
    process.env.AWS_CONFIG_FILE = config;
  });

  test('the one of --profile is used', async () => {
    answer = EMPTY;
    expect((await cli([...LIST, '--profile', 'mine'])).code).toBe(0);
    expect(standIn.asked[0]!.authorization).toContain('Credential=mine/');
  });

  test.each([
    [
      'role',
      /^error: no AWS credentials: .* requires multi-factor authentication.*: check --profile and the AWS configuration\n$/,
    ],
    ['sso', /^error: the credentials have expired: .* run aws sso login .*\n$/],
  ])('that does not work: %s', async (profile, expected) => {
    const { code, err } = await cli([...LIST, '--profile', profile]);
    expect(code).toBe(1);
    expect(err).toMatch(expected);
  });
});

test('--region is the Region that is asked', async () => {
  answer = EMPTY;
  expect((await cli([...LIST, '--region', 'eu-west-3'])).code).toBe(0);
  expect(standIn.asked[0]!.authorization).toContain('/eu-west-3/s3/');
});

test('the ARN of a function knows its Region, unless --region says otherwise', async () => {
  answer = { status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' }, body: { Message: 'no' } };
  const arn = 'arn:aws:lambda:eu-west-3:111122223333:function:prune';
  const args = ['prune', '--function', arn, '--dry-run'];
  expect((await cli(args)).err).toBe(
    `error: not allowed to invoke the function ${arn}: no: this needs lambda:InvokeFunction, see docs/cli.md\n`,
  );
  await cli([...args, '--region', 'eu-west-2']);
  const regions = standIn.asked.map(({ authorization }) => /(eu-west-\d)\/lambda/.exec(authorization!)?.[1]);
  expect(regions).toEqual(['eu-west-3', 'eu-west-2']);
});
