import type { IConstruct } from 'constructs';
import { sourceNameFault } from '../../catalog/bucket/names';
import { fault, requireValue } from './fault';
import { isUnknown } from './lookup';

/** Refuses an illegal name of a source. */
export function requireSourceName(scope: IConstruct, what: string, name: string, mend = ''): void {
  requireValue(scope, what, name);
  const wrong = isUnknown(name) ? undefined : sourceNameFault(name);
  if (wrong !== undefined) fault(scope, `${wrong}${mend}`);
}
