import type { IConstruct } from 'constructs';
import type { SizeLimits } from '../../../catalog/contract/alarms';
import { DEFAULT_SIZE_BOUNDS } from '../../../catalog/contract/alarms';
import type { AlarmSignal, SignalOff, SizeBounds } from '../backup-alarms-props';
import { fault, requireProps, requireRange, requireValue } from '../../private/fault';
import { isUnknown } from '../../private/lookup';

/** Refuses what is no address of email, or is there already. An address that is a token passes. */
export function requireEmail(scope: IConstruct, address: string, others: readonly string[]): void {
  if (isUnknown(address)) return;
  // SNS takes ASCII only.
  if (!/^[!-~]+$/.test(address) || address.includes('..') || !/^[^@,;<>]+@[^@,;<>]+\.[^@,;<>.]+$/.test(address)) {
    fault(
      scope,
      `emails must be addresses like backups@example.com, got: ${JSON.stringify(address)}: give each address by itself`,
    );
  }
  const same = others.find((other) => other.toLowerCase() === address.toLowerCase());
  if (same !== undefined) fault(scope, `emails must differ, got: "${same}" twice: leave one out`);
}

/** Refuses the name of a time zone that nobody knows. */
export function requireZone(scope: IConstruct, timeZone: string): void {
  requireValue(scope, 'timeZone of the alarms', timeZone);
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
  } catch {
    fault(
      scope,
      `timeZone of the alarms must be a name of the IANA database, for example Europe/Paris, got: ${JSON.stringify(timeZone)}: correct it`,
    );
  }
}

/** Signals that are turned off, each once and with a reason. */
export function signalsOffOf(scope: IConstruct, signalsOff: readonly SignalOff[] = []): AlarmSignal[] {
  for (const off of signalsOff) requireProps(scope, off, { signal: true, reason: true });
  const signals = signalsOff.map(({ signal }) => signal);
  for (const { signal, reason } of signalsOff) {
    if (reason.trim() === '') {
      fault(
        scope,
        `signalsOff needs a reason, got: none for ${signal}: write down why nobody needs to hear of it, or leave the signal on`,
      );
    }
  }
  const twice = signals.find((signal, index) => signals.indexOf(signal) !== index);
  if (twice !== undefined) fault(scope, `signalsOff must name a signal once, got: ${twice} twice: leave one out`);
  return signals;
}

/** Size bounds with what was left out. */
export function sizeBoundsOf(scope: IConstruct, given: SizeBounds): SizeLimits {
  requireProps(scope, given, {});
  const { ignoreTables } = given;
  const shrink = given.shrink ?? DEFAULT_SIZE_BOUNDS.shrink;
  const growth = given.growth ?? DEFAULT_SIZE_BOUNDS.growth;
  const minHistory = given.minHistory ?? DEFAULT_SIZE_BOUNDS.minHistory;
  for (const [what, value] of Object.entries({ shrink, growth })) {
    requireValue(scope, `${what} of sizeBounds`, value);
    if (!Number.isFinite(value) || value <= 0) {
      fault(
        scope,
        `${what} of sizeBounds must be a number above 0, got: ${value}: turn the signal off to allow any size`,
      );
    }
  }
  requireValue(scope, 'minHistory of sizeBounds', minHistory);
  requireRange(scope, 'minHistory of sizeBounds', minHistory, { from: 3, to: 14, unit: 'backups' });
  if (ignoreTables?.some((table) => table.trim() === '')) {
    fault(scope, 'ignoreTables of sizeBounds must be names of tables, got: an empty text: leave it out');
  }
  return { shrink, growth, minHistory, ...(ignoreTables && ignoreTables.length > 0 && { ignoreTables }) };
}
