/** The private keys that decrypt backups: the files of `age-keygen`, and unprotected keys of OpenSSH. */
import { createPrivateKey } from 'node:crypto';
import { Decrypter, type Identity } from 'age-encryption';
import { sshStrings } from './recipients';
import type { SshKey } from './ssh';
import { isPair, sshIdentity } from './ssh';

/** A file that is no identity, or one that cannot be used here. The message never holds any of it. */
export class IdentityError extends Error {}

/** What `age-encryption` takes: the text of a key of age, or one of SSH. */
export type AnyIdentity = string | Identity;

const AGE_KEY = /^AGE-SECRET-KEY-1[0-9A-Z]{58}$/;

/**
 * Reads the private keys of a file of identities.
 *
 * @throws IdentityError if it has none, or one that is mistyped, has a passphrase or another form
 */
export function readIdentities(text: string): readonly AnyIdentity[] {
  if (/^-----BEGIN OPENSSH PRIVATE KEY-----/m.test(text)) return [sshIdentity(openSshKey(text))];
  if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE)/m.test(text))
    throw new IdentityError(
      'the identity is protected by a passphrase, which nobody can type here: decrypt it first, with "age -d -o key.txt FILE", and remove key.txt afterwards',
    );
  if (/^-----BEGIN .*PRIVATE KEY-----/m.test(text))
    throw new IdentityError(
      'the identity is a private key in PEM, which must be in the format of OpenSSH: convert a copy of it with "ssh-keygen -p -f COPY"',
    );
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const wrong = keys.findIndex((line) => !isKey(line));
  if (wrong >= 0 || keys.length === 0)
    throw new IdentityError(
      `the identity must be lines AGE-SECRET-KEY-1…, as age-keygen writes them, or a private key of OpenSSH, got: ${keys.length === 0 ? 'no key' : `key ${wrong + 1} of ${keys.length} is mistyped, cut, or of another kind`}: give the file itself, complete`,
    );
  return keys;
}

/** Whether `age-encryption` takes it: its checksum is right. What it says of one that it refuses has the key in it. */
function isKey(line: string): boolean {
  try {
    new Decrypter().addIdentity(line);
  } catch {
    return false;
  }
  return AGE_KEY.test(line);
}

const MAGIC = Buffer.from('openssh-key-v1\0');

/** https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key */
function openSshKey(text: string): SshKey {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END OPENSSH PRIVATE KEY-----/.exec(text)?.[1] ?? '';
  const bytes = Buffer.from(body, 'base64');
  const damaged = new IdentityError('the identity is a damaged private key of OpenSSH: give the complete file');
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged;
  const head = bytes.subarray(MAGIC.length);
  const [cipher, kdf, options] = sshStrings(head, 3) ?? [];
  if (!cipher || !kdf || !options) throw damaged;
  if (cipher.toString() !== 'none')
    throw new IdentityError(
      'the identity is a private key of OpenSSH with a passphrase, which nobody can type here: take it off a copy with "ssh-keygen -p -f COPY", and remove the copy afterwards',
    );
  // Behind them is the number of keys, which is 1.
  const [wire, secret] = sshStrings(head.subarray(4 * 4 + cipher.length + kdf.length + options.length), 2) ?? [];
  // The public key says which: of a damaged private one no word may be shown.
  const type = wire && sshStrings(wire, 1)?.[0]?.toString();
  if (!wire || !secret || type === undefined) throw damaged;
  const numbers = NUMBERS[type];
  if (numbers === undefined)
    throw new IdentityError(
      `the identity must be a key of OpenSSH of type ssh-ed25519 or ssh-rsa, got one of type ${type}: age cannot use others`,
    );
  try {
    // Two equal numbers come first, and a comment and some padding last.
    const [own, ...parts] = sshStrings(secret.subarray(8), 1 + numbers)!;
    const key = { wire, secret: type === 'ssh-rsa' ? rsaKey(parts) : parts[1]!.subarray(0, 32) };
    if (own!.toString() === type && isPair(key)) return key;
  } catch {
    // What Node.js says of numbers that are none may show them.
  }
  throw damaged;
}

/** Fields of a private key between its type and its comment. */
const NUMBERS: Readonly<Record<string, number>> = { 'ssh-ed25519': 2, 'ssh-rsa': 6 };

function rsaKey(parts: Buffer[]): SshKey['secret'] {
  const [n, e, d, qi, p, q] = parts.map((part) => BigInt(`0x${part.toString('hex')}`));
  const numbers = { n: n!, e: e!, d: d!, p: p!, q: q!, dp: d! % (p! - 1n), dq: d! % (q! - 1n), qi: qi! };
  const key = Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, base64Url(number)]));
  return createPrivateKey({ key: { kty: 'RSA', ...key }, format: 'jwk' });
}

function base64Url(number: bigint): string {
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}
