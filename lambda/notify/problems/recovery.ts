import type { Signal } from '../../../catalog/contract/alarms';
import type { Recovery } from '../../../catalog/contract/notification';
import type { Remembered } from './remembered';

/** The good news that ends problems. */
export type Recovered = Pick<Recovery, 'about' | 'source' | 'at' | 'newest' | 'quiet'>;

/** The email about problems that ended together. */
export function recoveryOf(
  { about, source, at, newest, quiet }: Recovered,
  ended: Required<Pick<Recovery, 'signals' | 'since' | 'times'>> & Pick<Remembered, 'open'>,
): Recovery {
  const { signals, since, times } = ended;
  const open = Object.keys(ended.open) as Signal[];
  return {
    ...(source !== undefined && { source }),
    about,
    at,
    signals,
    since,
    ...(times > 0 && { times }),
    ...(newest && { newest }),
    ...(open.length > 0 && { open }),
    ...(quiet && { quiet }),
  };
}
