/** To whom backups are encrypted: public keys of age (https://age-encryption.org). Free of dependencies, for the construct library. */
import { createHash } from 'node:crypto';

/** Kinds of public keys, as age names their stanzas. */
export type RecipientType = 'X25519' | 'ssh-ed25519' | 'ssh-rsa';

/** The public key of somebody who can decrypt. */
export interface Recipient {
  readonly type: RecipientType;
  /** Without a comment. */
  readonly text: string;
  /** `SHA256:…`: of an SSH key as `ssh-keygen -l` shows it, of an age key the hash of its text. */
  readonly fingerprint: string;
}

/** Recipients of one source. */
export const MAX_RECIPIENTS = 20;

const ALLOWED =
  'must be the public key of age (age1…, 62 characters) or of SSH (ssh-ed25519 or ssh-rsa of 2048 bits or more)';
/** Most of what a person may have written. */
const SHOWN = 100;

/** A text that is no recipient. The message says why, and never holds a private key. */
export class RecipientError extends Error {}

/**
 * Reads a public key.
 *
 * @throws RecipientError
 */
export function readRecipient(given: string): Recipient {
  const text = given.trim();
  if (/AGE-SECRET-KEY|PRIVATE KEY/i.test(text))
    throw new RecipientError(
      'must be a public key, got: a PRIVATE key, which is not shown here: take it out of this app, and give what "age-keygen -y FILE" or the file FILE.pub says; anybody who may have seen it can decrypt, so make another one',
    );
  const [type = '', body = ''] = text.split(/[ \t]+/);
  const read = type === 'ssh-ed25519' || type === 'ssh-rsa' ? sshRecipient(type, body) : ageRecipient(text);
  if (read) return read;
  const got = JSON.stringify(text.slice(0, SHOWN));
  const mend = text.toLowerCase().startsWith('age1')
    ? 'copy it again; plugins and post-quantum keys are not supported'
    : 'make one with "age-keygen -o key.txt", which prints it';
  throw new RecipientError(`${ALLOWED}, got: ${got}: ${mend}`);
}

const fingerprintOf = (bytes: string | Buffer): string =>
  `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;

function ageRecipient(text: string): Recipient | undefined {
  if (!/^age1[a-z0-9]{58}$/.test(text) || !hasBech32Checksum(text)) return undefined;
  return { type: 'X25519', text, fingerprint: fingerprintOf(text) };
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki#checksum, with the prefix `age`. */
function hasBech32Checksum(text: string): boolean {
  const prefix = [...'age'].map((letter) => letter.charCodeAt(0));
  const data = [...text.slice('age1'.length)].map((letter) => BECH32.indexOf(letter));
  let sum = 1;
  for (const value of [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of GENERATORS.entries()) if ((top >> bit) & 1) sum ^= generator;
  }
  return !data.includes(-1) && sum === 1;
}

function sshRecipient(type: 'ssh-ed25519' | 'ssh-rsa', body: string): Recipient | undefined {
  const bytes = Buffer.from(body, 'base64');
  const [name, ...parts] = sshStrings(bytes) ?? [];
  if (name?.toString() !== type || bytes.toString('base64') !== body) return undefined;
  const [first, second] = parts;
  const fits =
    type === 'ssh-ed25519'
      ? parts.length === 1 && first!.length === 32
      : parts.length === 2 && bitLength(second!) >= 2048;
  return fits ? { type, text: `${type} ${body}`, fingerprint: fingerprintOf(bytes) } : undefined;
}

const bitLength = (number: Buffer): number => {
  const bytes = number.subarray(number.findIndex((byte) => byte !== 0));
  return bytes.length === 0 ? 0 : bytes.length * 8 - Math.clz32(bytes[0]!) + 24;
};

/**
 * The strings of which SSH's keys consist; `undefined` if these are none. https://www.rfc-editor.org/rfc/rfc4251#section-5
 *
 * @param most as many are read, whatever follows; all if left out
 */
export function sshStrings(bytes: Buffer, most = Infinity): Buffer[] | undefined {
  const strings: Buffer[] = [];
  for (let at = 0; at < bytes.length && strings.length < most;) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32BE(at) : Infinity;
    if (end > bytes.length) return undefined;
    strings.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return strings;
}
