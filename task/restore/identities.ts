import { IdentityError, readIdentities, type AnyIdentity } from '../../catalog/age/identities';
import type { DataObject } from '../../catalog/bucket/manifest';
import { fileName } from '../../catalog/bucket/names';
import { BackupError } from '../run/errors';

/** The private keys of a restore, or of a restore test. */
export class Identities {
  private keys: readonly AnyIdentity[] | undefined;

  /** @param text of a file of age or of OpenSSH; nothing if none was given */
  constructor(private readonly text: string | undefined) {}

  /**
   * The keys with which an object may be decrypted.
   *
   * @throws BackupError if none were given, or cannot be used
   */
  of({ key }: DataObject): readonly AnyIdentity[] {
    if (this.text === undefined)
      throw new BackupError(
        'configuration',
        `${fileName(key)} is encrypted, and no identity was given: give that of one of its recipients, with --local --identity FILE, or to a task as restore.identity of its source, see docs/encryption.md`,
        { kind: 'identity-missing', object: key },
      );
    try {
      return (this.keys ??= readIdentities(this.text));
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      throw new BackupError('configuration', error.message, { kind: 'identity-unusable' }, { cause: error });
    }
  }
}

/** The keys that were given are none of those to which the object is encrypted. */
export const wrongIdentity = ({ key }: DataObject, cause: unknown): BackupError =>
  new BackupError(
    'configuration',
    `${fileName(key)} is encrypted to others than this identity: give that of a recipient whose fingerprint proven-backups show prints`,
    { kind: 'identity-wrong', object: key },
    { cause },
  );
