import { text } from 'node:stream/consumers';
import { parseEvidence, type Evidence } from '../../catalog/bucket/evidence';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { StoredObjects } from '../restore/objects';
import { BackupError, errorText } from '../run/errors';
import { isData } from './load';

/**
 * What the server said when it was dumped, if the backup has it.
 *
 * @throws BackupError `downloadFailed` if it is damaged
 */
export async function readEvidence({ objects }: Manifest, stored: StoredObjects): Promise<Evidence | undefined> {
  const object = objects.find((one) => !isData(one));
  if (!object) return undefined;
  const answers = await text(stored.open(object));
  try {
    return parseEvidence(answers);
  } catch (error) {
    throw new BackupError(
      'downloadFailed',
      `${object.key} cannot be read: ${errorText(error)}`,
      { kind: 'object-changed', object: object.key },
      { cause: error },
    );
  }
}
