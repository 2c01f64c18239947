/** Streams of age, against the stock program in both directions, and what must not pass for one. */
import { execFileSync } from 'node:child_process';
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Decrypter } from 'age-encryption';
import { decrypt, encrypt, WrongIdentityError } from '../../catalog/age/age';
import { readIdentities } from '../../catalog/age/identities';
import { readRecipient } from '../../catalog/age/recipients';
import { mistyped } from '../support/mistyped';
import { temporaryDirectory } from '../support/processes';

const CHUNK = 64 * 1024;
const directory = temporaryDirectory('age');
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

/** Makes a key; returns its file, and its public part. */
function makeKey(kind: 'age' | 'ed25519' | 'rsa', name: string, ...args: string[]) {
  const file = path.join(directory, name);
  if (kind === 'age') {
    execFileSync('age-keygen', ['-o', file], { stdio: 'ignore' });
    return { file, recipient: execFileSync('age-keygen', ['-y', file], { encoding: 'utf8' }).trim() };
  }
  execFileSync('ssh-keygen', ['-q', '-t', kind, '-N', '', '-C', 'ada@example.com', ...args, '-f', file]);
  return { file, recipient: fs.readFileSync(`${file}.pub`, 'utf8').trim() };
}

const keys = {
  age: makeKey('age', 'key.txt'),
  'ssh-ed25519': makeKey('ed25519', 'id_ed25519'),
  'ssh-rsa': makeKey('rsa', 'id_rsa', '-b', '2048'),
};
const kinds = Object.keys(keys) as (keyof typeof keys)[];

async function* pieces(bytes: Buffer, size = 100_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function all(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const encrypted = (bytes: Buffer, ...recipients: string[]) => all(encrypt(pieces(bytes), recipients));
const decrypted = (bytes: Buffer, file: string, size?: number) =>
  all(decrypt(pieces(bytes, size), readIdentities(fs.readFileSync(file, 'utf8'))));
const age = (args: string[], input: Buffer) => execFileSync('age', args, { input, maxBuffer: 1e8, stdio: 'pipe' });

describe.each(kinds)('%s', (kind) => {
  const { file, recipient } = keys[kind];

  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 300_000])('%i bytes, both ways', async (length) => {
    const bytes = randomBytes(length);
    const ours = await encrypted(bytes, recipient);
    expect(age(['-d', '-i', file], ours).equals(bytes)).toBe(true);
    const theirs = age(['-r', recipient], bytes);
    expect((await decrypted(theirs, file)).equals(bytes)).toBe(true);
  });

  test('of several recipients, each can read', async () => {
    const bytes = randomBytes(1000);
    const ours = await encrypted(bytes, ...kinds.map((one) => keys[one].recipient));
    expect(age(['-d', '-i', file], ours).equals(bytes)).toBe(true);
    expect((await decrypted(ours, file, 7)).equals(bytes)).toBe(true);
  });

  test('another key does not open it', async () => {
    const others = kinds.filter((one) => one !== kind).map((one) => keys[one].recipient);
    const ours = await encrypted(randomBytes(10), ...others);
    await expect(decrypted(ours, file)).rejects.toBeInstanceOf(WrongIdentityError);
  });

  test('the fingerprint of an SSH key is that of ssh-keygen', () => {
    const { fingerprint, text } = readRecipient(recipient);
    expect(recipient.startsWith(text)).toBe(true);
    if (kind !== 'age') expect(execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' })).toContain(fingerprint);
  });
});

describe('is no success', () => {
  const { file, recipient } = keys.age;
  let stored: Buffer;
  let body: number;
  beforeAll(async () => {
    stored = await encrypted(randomBytes(3 * CHUNK), recipient);
    body = stored.length - 3 * (CHUNK + 16);
  });

  test.each<[string, () => Buffer]>([
    ['a changed byte in the first chunk', () => changed(body + 5)],
    ['a changed byte in the last chunk', () => changed(stored.length - 1)],
    ['a changed byte in the nonce', () => changed(body - 1)],
    ['a cut in the last chunk', () => stored.subarray(0, -1)],
    ['a cut at the end of a chunk', () => stored.subarray(0, body + 2 * (CHUNK + 16))],
    ['a cut before the first chunk', () => stored.subarray(0, body)],
    ['a cut in the header', () => stored.subarray(0, 50)],
    ['a cut in the header with a lot behind it', () => Buffer.concat([stored.subarray(0, 50), randomBytes(CHUNK * 2)])],
    ['something behind its end', () => Buffer.concat([stored, Buffer.from('x')])],
    ['two chunks that changed places', () => swapped()],
    ['nothing at all', () => Buffer.alloc(0)],
  ])('%s', async (_, bytes) => {
    expect(() => age(['-d', '-i', file], bytes())).toThrow();
    await expect(decrypted(bytes(), file)).rejects.toThrow();
  });

  test('an empty last chunk behind a full one', async () => {
    const header = stored.subarray(0, body - 16);
    const decrypter = new Decrypter();
    readIdentities(fs.readFileSync(file, 'utf8')).forEach((identity) => decrypter.addIdentity(identity));
    const fileKey = await decrypter.decryptHeader(header);
    const key = Buffer.from(hkdfSync('sha256', fileKey, stored.subarray(body - 16, body), 'payload', 32));
    const last = createCipheriv('chacha20-poly1305', key, Buffer.from('000000000000000000000301', 'hex'), {
      authTagLength: 16,
    });
    last.final();
    const seal = (chunk: Buffer, number: number): Buffer => {
      const nonce = Buffer.alloc(12);
      nonce[10] = number;
      const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
    };
    const chunks = [0, 1, 2].map((number) => seal(randomBytes(CHUNK), number));
    const bytes = Buffer.concat([stored.subarray(0, body), ...chunks, last.getAuthTag()]);
    expect(() => age(['-d', '-i', file], bytes)).toThrow(/last chunk is empty/);
    await expect(decrypted(bytes, file)).rejects.toThrow('its last chunk is empty');
  });

  test('a changed byte in a header, whichever it is', async () => {
    const length = stored.indexOf('\n', stored.indexOf('\n--- ') + 1);
    for (let at = 0; at < length; at += 11) await expect(decrypted(changed(at), file)).rejects.toThrow();
  });

  function changed(at: number): Buffer {
    const bytes = Buffer.from(stored);
    bytes[at]! ^= 1;
    return bytes;
  }
  function swapped(): Buffer {
    const [first, second] = [0, 1].map((number) =>
      stored.subarray(body + number * (CHUNK + 16)).subarray(0, CHUNK + 16),
    );
    return Buffer.concat([stored.subarray(0, body), second!, first!, stored.subarray(body + 2 * (CHUNK + 16))]);
  }
});

describe('an identity is refused with a sentence that shows none of it', () => {
  const secret = fs.readFileSync(keys.age.file, 'utf8').match(/AGE-SECRET-KEY-1\w+/)![0];
  const withPassphrase = () => {
    const { file } = makeKey('ed25519', 'id_protected');
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'open sesame', '-f', file], { stdio: 'ignore' });
    return fs.readFileSync(file, 'utf8');
  };
  const pem = () => {
    const { file } = makeKey('rsa', 'id_pem', '-b', '2048', '-m', 'PEM');
    return fs.readFileSync(file, 'utf8');
  };
  const ecdsa = () => {
    const file = path.join(directory, 'id_ecdsa');
    execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', file]);
    return fs.readFileSync(file, 'utf8');
  };

  const edited = (file: string, edit: (bytes: Buffer) => void): string => {
    const [, body = ''] = /KEY-----([^-]+)-----END/.exec(fs.readFileSync(file, 'utf8'))!;
    const bytes = Buffer.from(body, 'base64');
    edit(bytes);
    const lines = bytes.toString('base64').match(/.{1,70}/g)!;
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
  };
  const changedKey = (file: string, at: number) => edited(file, (bytes) => void (bytes[at]! ^= 1));
  /** Its length says that it holds the public and the private key, too. */
  const withLongType = () =>
    edited(keys['ssh-ed25519'].file, (bytes) => void (bytes[bytes.lastIndexOf('ssh-ed25519') - 1] = 120));

  test.each<[string, () => string, RegExp]>([
    ['empty', () => '# a comment\n', /got: no key/],
    ['cut', () => secret.slice(0, -3), /key 1 of 1 is mistyped, cut, or of another kind/],
    ['one of two cut', () => `${secret}\n${secret.slice(1)}`, /key 2 of 2 is mistyped/],
    ['a letter mistyped', () => mistyped(secret), /key 1 of 1 is mistyped/],
    ['in small letters', () => secret.toLowerCase(), /key 1 of 1 is mistyped/],
    ['age with a passphrase', () => 'age-encryption.org/v1\n-> scrypt …', /protected by a passphrase/],
    ['OpenSSH with a passphrase', withPassphrase, /with a passphrase, .*ssh-keygen -p -f COPY/],
    ['OpenSSH of ECDSA', ecdsa, /ssh-ed25519 or ssh-rsa, got one of type ecdsa-sha2-nistp256/],
    ['PEM', pem, /must be in the format of OpenSSH/],
    [
      'OpenSSH, cut',
      () => fs.readFileSync(keys['ssh-ed25519'].file, 'utf8').replace(/.{40}\n-----END/, '\n-----END'),
      /damaged/,
    ],
    ['OpenSSH, the secret of Ed25519 mistyped', () => changedKey(keys['ssh-ed25519'].file, 170), /damaged/],
    ['OpenSSH, the secret of RSA mistyped', () => changedKey(keys['ssh-rsa'].file, 700), /damaged/],
    ['OpenSSH, the type with the secret behind it', withLongType, /damaged/],
  ])('%s', (_, text, sentence) => {
    const content = text();
    expect(() => readIdentities(content)).toThrow(sentence);
    const shown = (() => {
      try {
        return readIdentities(content) && '';
      } catch (error) {
        return (error as Error).message;
      }
    })();
    for (const line of content.split('\n').filter((one) => one.length > 30 && !one.startsWith('-')))
      expect(shown).not.toContain(line);
  });
});
