/**
 * Streams in the format of age (https://c2sp.org/age). The header, with the keys in it, is made and read by `age-encryption`. The
 * payload is enciphered by Node.js itself, seven times as fast as by JavaScript: a dump must not wait for it.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { Decrypter, Encrypter } from 'age-encryption';
import type { AnyIdentity } from './identities';
import { readRecipient } from './recipients';
import { sshRecipient } from './ssh';

const CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;
/** A header with 20 recipients takes less than a quarter of it. */
const MOST_HEADER = 64 * 1024;
const MAC_LINE = Buffer.from('\n--- ');

/** None of the identities opens it. */
export class WrongIdentityError extends Error {}

/**
 * Encrypts a stream, in memory that does not depend on its length.
 *
 * @param recipients their public keys, at least one
 * @throws RecipientError if one cannot be read
 */
export async function* encrypt(source: AsyncIterable<Buffer>, recipients: readonly string[]): AsyncGenerator<Buffer> {
  const { header, key } = await headerFor(recipients);
  yield header;
  const chunk = Buffer.allocUnsafe(CHUNK);
  let filled = 0;
  const seal = function* (nonce: Buffer): Generator<Buffer> {
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
    yield cipher.update(chunk.subarray(0, filled));
    cipher.final();
    yield cipher.getAuthTag();
    filled = 0;
  };
  let number = 0;
  for await (const bytes of source) {
    for (let offset = 0; offset < bytes.length;) {
      // Only the last one may be followed by nothing.
      if (filled === CHUNK) yield* seal(nonceOf(number++, false));
      const taken = bytes.copy(chunk, filled, offset);
      offset += taken;
      filled += taken;
    }
  }
  yield* seal(nonceOf(number, true));
}

/**
 * Decrypts a stream, each chunk of it once it was found to be genuine, and its end only if it is the end.
 *
 * @throws WrongIdentityError before the first byte; Error if it is no age file, was changed, or was cut off
 */
export async function* decrypt(
  source: AsyncIterable<Buffer>,
  identities: readonly AnyIdentity[],
): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    const { key, rest } = await openHeader(iterator, identities);
    yield* opened(key, rest, iterator);
  } finally {
    await iterator.return?.();
  }
}

async function* opened(key: Buffer, rest: Buffer, source: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK + TAG);
  let filled = 0;
  const open = (nonce: Buffer): Buffer => {
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
    if (filled < TAG) throw new Error('it ends too early');
    decipher.setAuthTag(chunk.subarray(filled - TAG, filled));
    const bytes = decipher.update(chunk.subarray(0, filled - TAG));
    try {
      decipher.final();
    } catch {
      throw new Error('it was changed, or ends too early');
    }
    filled = 0;
    return bytes;
  };
  let number = 0;
  for (let bytes: Buffer | undefined = rest; bytes; bytes = await nextOf(source)) {
    for (let offset = 0; offset < bytes.length;) {
      if (filled === chunk.length) yield open(nonceOf(number++, false));
      const taken = bytes.copy(chunk, filled, offset);
      offset += taken;
      filled += taken;
    }
  }
  const last = open(nonceOf(number, true));
  if (last.length === 0 && number > 0) throw new Error('its last chunk is empty');
  yield last;
}

/** The number of the chunk, and whether it is the last one. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

const payloadKey = (fileKey: Uint8Array, nonce: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));

/** The header of a file with its nonce, and the key of what follows. */
async function headerFor(recipients: readonly string[]): Promise<{ readonly header: Buffer; readonly key: Buffer }> {
  const encrypter = new Encrypter();
  for (const text of recipients) {
    const recipient = readRecipient(text);
    encrypter.addRecipient(recipient.type === 'X25519' ? recipient.text : sshRecipient(recipient));
  }
  let fileKey = Buffer.alloc(0);
  // It adds nothing to the header: it only sees the key of the file.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Buffer.from(key);
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array());
  const header = Buffer.from(empty.subarray(0, empty.length - TAG));
  return { header, key: payloadKey(fileKey, header.subarray(-NONCE)) };
}

async function openHeader(
  source: AsyncIterator<Buffer>,
  identities: readonly AnyIdentity[],
): Promise<{ readonly key: Buffer; readonly rest: Buffer }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const mac = bytes.indexOf(MAC_LINE);
    const end = mac < 0 ? -1 : bytes.indexOf('\n', mac + 1);
    if (end >= 0 && bytes.length >= end + 1 + NONCE) {
      const body = end + 1 + NONCE;
      const fileKey = await fileKeyOf(bytes.subarray(0, end + 1), identities);
      return { key: payloadKey(fileKey, bytes.subarray(end + 1, body)), rest: bytes.subarray(body) };
    }
    const next = bytes.length < MOST_HEADER && (await nextOf(source));
    if (!next) throw new Error('it is no file of age');
    bytes = Buffer.concat([bytes, next]);
  }
}

async function fileKeyOf(header: Buffer, identities: readonly AnyIdentity[]): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  let isWrong = false;
  // It is asked when none of the others fits.
  decrypter.addIdentity({
    unwrapFileKey: () => {
      isWrong = true;
      return null;
    },
  });
  return decrypter.decryptHeader(header).catch((error: unknown) => {
    throw isWrong ? new WrongIdentityError('it is encrypted to other recipients') : error;
  });
}

async function nextOf(source: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  const { done, value } = await source.next();
  return done ? undefined : value;
}
