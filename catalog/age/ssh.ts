/**
 * SSH keys as recipients and identities of age, as stock age has them (https://pkg.go.dev/filippo.io/age/agessh): the format of
 * their stanzas is https://github.com/FiloSottile/age/blob/main/agessh/agessh.go. The cipher, the hashes and the curves are those
 * of Node.js and of noble, which `age-encryption` uses as well.
 */
import * as crypto from 'node:crypto';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { Stanza, type Identity, type Recipient as AgeRecipient } from 'age-encryption';
import type { Recipient } from './recipients';
import { sshStrings } from './recipients';

const ED25519_LABEL = 'age-encryption.org/v1/ssh-ed25519';
const RSA_LABEL = 'age-encryption.org/v1/ssh-rsa';
const KEY_BYTES = 16;

/** A private key of SSH, and the public one in it, as SSH writes that. */
export interface SshKey {
  readonly wire: Buffer;
  /** Of Ed25519 the seed. */
  readonly secret: Buffer | crypto.KeyObject;
}

/** Encrypts to an SSH key. */
export function sshRecipient({ type, text }: Recipient): AgeRecipient {
  const wire = Buffer.from(text.split(' ')[1]!, 'base64');
  return {
    wrapFileKey: (fileKey) => [type === 'ssh-rsa' ? wrapByRsa(wire, fileKey) : wrapByEd25519(wire, fileKey)],
  };
}

/** Decrypts by an SSH key. */
export function sshIdentity({ wire, secret }: SshKey): Identity {
  const type = Buffer.isBuffer(secret) ? 'ssh-ed25519' : 'ssh-rsa';
  return {
    unwrapFileKey: (stanzas) => {
      // The tag is of four bytes: another key may have the same.
      for (const { args, body } of stanzas.filter(({ args: [name, tag] }) => name === type && tag === tagOf(wire))) {
        const fileKey = Buffer.isBuffer(secret)
          ? unwrapByEd25519(wire, secret, args[2] ?? '', body)
          : unwrapByRsa(secret, body);
        if (fileKey?.length === KEY_BYTES) return fileKey;
      }
      return null;
    },
  };
}

/** Whether what is encrypted by the public key is decrypted by the private one. */
export function isPair({ wire, secret }: SshKey): boolean {
  const fileKey = crypto.randomBytes(KEY_BYTES);
  if (!Buffer.isBuffer(secret)) return unwrapByRsa(secret, wrapByRsa(wire, fileKey).body)?.equals(fileKey) === true;
  const { args, body } = wrapByEd25519(wire, fileKey);
  return unwrapByEd25519(wire, secret, args[2]!, body)?.equals(fileKey) === true;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
const tagOf = (wire: Buffer): string => base64(crypto.createHash('sha256').update(wire).digest().subarray(0, 4));

function wrapByEd25519(wire: Buffer, fileKey: Uint8Array): Stanza {
  const theirs = montgomeryOf(wire);
  const ephemeral = crypto.randomBytes(32);
  const ours = x25519.getPublicKey(ephemeral);
  const shared = x25519.scalarMult(tweakOf(wire), x25519.scalarMult(ephemeral, theirs));
  const cipher = crypto.createCipheriv('chacha20-poly1305', wrappingKey(shared, ours, theirs), Buffer.alloc(12), {
    authTagLength: 16,
  });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return new Stanza(['ssh-ed25519', tagOf(wire), base64(ours)], body);
}

function unwrapByEd25519(wire: Buffer, seed: Buffer, share: string, body: Uint8Array): Buffer | undefined {
  const ours = Buffer.from(share, 'base64');
  if (ours.length !== 32 || base64(ours) !== share || body.length !== KEY_BYTES + 16) return undefined;
  const secret = ed25519.utils.toMontgomerySecret(seed);
  const shared = x25519.scalarMult(tweakOf(wire), x25519.scalarMult(secret, ours));
  const key = wrappingKey(shared, ours, montgomeryOf(wire));
  const decipher = crypto.createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 });
  decipher.setAuthTag(body.subarray(KEY_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, KEY_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

const montgomeryOf = (wire: Buffer): Uint8Array => ed25519.utils.toMontgomery(sshStrings(wire)![1]!);

const derived = (secret: Uint8Array, salt: Uint8Array): Buffer =>
  Buffer.from(crypto.hkdfSync('sha256', secret, salt, ED25519_LABEL, 32));
const tweakOf = (wire: Buffer): Buffer => derived(Buffer.alloc(0), wire);
const wrappingKey = (shared: Uint8Array, ours: Uint8Array, theirs: Uint8Array): Buffer =>
  derived(shared, Buffer.concat([ours, theirs]));

const oaep = {
  padding: crypto.constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: 'sha256',
  oaepLabel: Buffer.from(RSA_LABEL),
};

function wrapByRsa(wire: Buffer, fileKey: Uint8Array): Stanza {
  const [, e, n] = sshStrings(wire)!.map((part) => part.toString('base64url'));
  const key = crypto.createPublicKey({ key: { kty: 'RSA', e: e!, n: n! }, format: 'jwk' });
  return new Stanza(['ssh-rsa', tagOf(wire)], crypto.publicEncrypt({ key, ...oaep }, fileKey));
}

function unwrapByRsa(key: crypto.KeyObject, body: Uint8Array): Buffer | undefined {
  try {
    return crypto.privateDecrypt({ key, ...oaep }, body);
  } catch {
    return undefined;
  }
}
