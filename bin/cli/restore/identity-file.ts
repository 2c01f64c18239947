/** Private keys that a person gives for an encrypted backup: by a file, never by the command line. */
import { readFileSync } from 'node:fs';
import { readIdentities, type AnyIdentity } from '../../../catalog/age/identities';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { UsageError } from '../errors';

/** The option of the commands that read backups. */
export const IDENTITY_OPTION = [
  '--identity <file>',
  'private key of a recipient of an encrypted backup: of age, or of OpenSSH',
] as const;

/** Private keys that a person has given. */
export interface GivenIdentity {
  /** All of their file. */
  readonly text: string;
  readonly identities: readonly AnyIdentity[];
}

/**
 * The private keys in a file; none without a file.
 *
 * @throws UsageError if it cannot be read, or has none that can be used; the message has nothing of it
 */
export function identityIn(file: string | undefined): GivenIdentity | undefined {
  if (file === undefined) return undefined;
  try {
    const text = readFileSync(file, 'utf8');
    return { text, identities: readIdentities(text) };
  } catch (error) {
    throw new UsageError(`--identity must be a file of private keys: ${(error as Error).message}`);
  }
}

/** @throws UsageError if a backup is encrypted, and no private keys were given */
export function requireIdentity(
  { backupId, encryption }: Pick<Manifest, 'backupId' | 'encryption'>,
  given: GivenIdentity | undefined,
): void {
  if (!encryption || given) return;
  throw new UsageError(
    `backup ${backupId} is encrypted to ${recipientsText(encryption)}: give --identity with the private key of one of them`,
  );
}

/** `X25519 SHA256:…, ssh-ed25519 SHA256:…` */
export const recipientsText = ({ recipients }: NonNullable<Manifest['encryption']>): string =>
  recipients.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(', ');
