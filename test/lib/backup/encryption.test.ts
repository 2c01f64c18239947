import { Lazy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { AddDatabaseProps } from '../../../lib';
import type { Json } from '../support';
import { flat, Setup } from '../support';

const ADA = 'age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z';
const BOB = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN';

const jobOf = (setup: Setup, id = 'ShopTaskDefinition'): Json => {
  const [container] = setup.resource('AWS::ECS::TaskDefinition', id).ContainerDefinitions;
  const { Value } = container.Environment.find(({ Name }: Json) => Name === 'BACKUP_JOB');
  return JSON.parse(flat(Value).replace(/:(<[^>]+>)/g, ':"$1"'));
};
/** Names of the variables that the containers get from secrets, by the logical id of their task definition. */
const secretsOf = (setup: Setup): Record<string, Json> =>
  Object.fromEntries(
    Object.entries<Json>(setup.template().findResources('AWS::ECS::TaskDefinition')).map(([id, { Properties }]) => [
      id.replace(/[0-9A-F]{8}$/, ''),
      Object.fromEntries(
        (Properties.ContainerDefinitions[0].Secrets ?? []).map(({ Name, ValueFrom }: Json) => [Name, flat(ValueFrom)]),
      ),
    ]),
  );
/** Logical ids of the roles that may read a secret. */
const readers = (setup: Setup, secret: string): string[] =>
  Object.entries<Json>(setup.template().findResources('AWS::IAM::Role'))
    .filter(([, { Properties }]) =>
      (Properties.Policies ?? [])
        .flatMap(({ PolicyDocument }: Json) => PolicyDocument.Statement)
        .some(
          ({ Action, Resource }: Json) =>
            [Action].flat().includes('secretsmanager:GetSecretValue') &&
            [Resource].flat().some((one) => flat(one) === secret),
        ),
    )
    .map(([id]) => id.replace(/[0-9A-F]{8}$/, ''));
const alarmed = (setup: Setup) =>
  JSON.parse(flat(setup.resource('AWS::SSM::Parameter', 'AlarmsSettings').Value)).sources.shop;

function encrypted(props: (setup: Setup) => Partial<AddDatabaseProps>, encryptTo?: string[]) {
  const setup = new Setup();
  setup.create({ encryptTo });
  setup.add(props(setup));
  return setup;
}
const secretNamed = (setup: Setup, name: string): string =>
  `<${Object.keys(setup.template().findResources('AWS::SecretsManager::Secret')).find((id) => id.startsWith(name))}>`;
const secretIn = (setup: Setup, id: string) => new secretsmanager.Secret(setup.stack, id);

describe('recipients', () => {
  test('reach the job without comments', () => {
    const setup = encrypted(() => ({ encryptTo: [ADA, `  ${BOB} bob@example.com\n`] }));
    expect(jobOf(setup).encryptTo).toEqual([ADA, BOB]);
  });

  test('are those of Backups, unless a database has its own', () => {
    expect(jobOf(encrypted(() => ({}), [ADA])).encryptTo).toEqual([ADA]);
    expect(jobOf(encrypted(() => ({ encryptTo: [BOB] }), [ADA])).encryptTo).toEqual([BOB]);
    expect(jobOf(encrypted(() => ({}))).encryptTo).toBeUndefined();
  });

  test('may be tokens, which the program checks', () => {
    const setup = encrypted(() => ({ encryptTo: [Lazy.string({ produce: () => ADA })] }));
    expect(jobOf(setup).encryptTo).toEqual([ADA]);
  });

  const SECRET = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`;
  const OPENSSH =
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----\n';
  test.each<[string, string[], RegExp]>([
    ['none', [], /encryptTo must have 1 to 20 recipients, got: 0: leave it out/],
    ['21', Array.from({ length: 21 }, () => ADA), /encryptTo must have 1 to 20 recipients, got: 21/],
    ['twice the same', [ADA, ADA], /encryptTo must name each recipient once, got twice: age1lvyv/],
    ['twice the same, with another comment', [`${BOB} a`, `${BOB} b`], /got twice: ssh-ed25519/],
    [
      'a mistyped one',
      [ADA.replace('lvyv', 'lvyw')],
      /encryptTo\[0\] must be the public key of age .*, got: "age1lvyw.*": copy it again/,
    ],
    [
      'a word',
      [ADA, 'ops@example.com'],
      /encryptTo\[1\] must be .*, got: "ops@example.com": make one with "age-keygen -o key.txt"/,
    ],
    ['an SSH key that is cut', [BOB.slice(0, -4)], /encryptTo\[0\] must be .*, got: "ssh-ed25519 /],
    ['an SSH key of another kind', ['ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY='], /must be .* of SSH/],
    [
      'a plugin',
      ['age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'],
      /plugins and post-quantum keys are not supported/,
    ],
    [
      'a private key of age',
      [SECRET],
      /encryptTo\[0\] must be a public key, got: a PRIVATE key, which is not shown here/,
    ],
    ['a private key of SSH', [OPENSSH], /encryptTo\[0\] must be a public key, got: a PRIVATE key/],
  ])('%s is refused', (_, encryptTo, sentence) => {
    let said = '';
    try {
      encrypted(() => ({ encryptTo }));
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(sentence);
    expect(said).toMatch(/^Stack\/Backups\/Shop: /);
    expect(said).not.toMatch(/QQQQQQ|b3BlbnNz/);
  });
});

describe('private keys', () => {
  test('nobody has any by default, and nothing can be proven', () => {
    const setup = encrypted(() => ({ encryptTo: [ADA] }));
    expect(secretsOf(setup)).toEqual({
      BackupsShopTaskDefinition: { DATABASE_USERNAME: expect.anything(), DATABASE_PASSWORD: expect.anything() },
      BackupsRestoreTestingTaskDefinition0: {},
    });
    expect(alarmed(setup)).toMatchObject({ tests: 'unprovable' });
  });

  test('proveWith is read by ECS for restore tests alone', () => {
    const setup = encrypted((one) => ({ encryptTo: [ADA], proveWith: secretIn(one, 'Prove') }));
    const secret = secretNamed(setup, 'Prove');
    expect(secretsOf(setup)).toMatchObject({
      BackupsShopTaskDefinition: { DATABASE_USERNAME: expect.anything(), DATABASE_PASSWORD: expect.anything() },
      BackupsRestoreTestingTaskDefinition0: { BACKUP_IDENTITY: secret },
    });
    expect(readers(setup, secret)).toEqual(['BackupsRestoreTestingExecutionRole']);
    expect(alarmed(setup).tests).toBeUndefined();
  });

  test('sources with the same one share a task definition', () => {
    const setup = new Setup();
    setup.create({ encryptTo: [ADA], proveWith: secretIn(setup, 'Prove') });
    setup.add();
    setup.add({}, 'Blog');
    setup.add({ proveWith: secretIn(setup, 'Other') }, 'Wiki');
    const families = Object.entries(secretsOf(setup)).filter(([id]) => id.includes('RestoreTesting'));
    expect(families.map(([, secrets]) => secrets.BACKUP_IDENTITY)).toEqual([
      expect.stringMatching(/^<Prove/),
      expect.stringMatching(/^<Other/),
    ]);
  });

  test('restore.identity is read by ECS for this task alone', () => {
    const setup = encrypted((one) => ({
      encryptTo: [ADA],
      restore: { secret: secretIn(one, 'Writer'), identity: secretIn(one, 'Identity') },
    }));
    const secret = secretNamed(setup, 'Identity');
    const { BackupsShopTaskDefinition: dump, BackupsShopRestoreTaskDefinition: restore } = secretsOf(setup);
    expect(restore).toMatchObject({ BACKUP_IDENTITY: secret, DATABASE_USERNAME: expect.stringMatching(/^<Writer/) });
    expect(dump).not.toHaveProperty('BACKUP_IDENTITY');
    expect(readers(setup, secret)).toEqual(['BackupsShopExecutionRole']);
  });

  test('are refused if AWS would not find them', () => {
    const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-backup';
    const found = (setup: Setup) => secretsmanager.Secret.fromSecretPartialArn(setup.stack, 'Partial', arn);
    expect(() => encrypted((one) => ({ proveWith: found(one) }))).toThrow(
      /proveWith must be given by its complete ARN/,
    );
    expect(() => encrypted((one) => ({ restore: { secret: secretIn(one, 'W'), identity: found(one) } }))).toThrow(
      /restore\.identity must be given by its complete ARN/,
    );
  });
});
