/** Events as they came, without secrets. */
import { redact } from '../../../catalog/redact';
import { jsonOf } from '../../shared/json';

/** Levels of an event, JSON within its texts included. */
const DEPTH = 30;
/** No text is longer: what is cut off is neither shown nor searched for secrets. */
const CHARACTERS = 40_000;
const HIDDEN = '***';

/**
 * A value without anything that looks like a secret, and without the values of environment variables, which may be one.
 *
 * @throws RangeError if it is deeper than an event can be, or goes in a circle
 */
export const masked = (value: unknown): unknown => mask(value, false, DEPTH);

function mask(value: unknown, isEnvironment: boolean, depth: number): unknown {
  if (depth === 0) throw new RangeError('it is too deep');
  if (typeof value === 'string') return maskText(value, isEnvironment, depth);
  if (Array.isArray(value)) return value.map((one) => mask(one, isEnvironment, depth - 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    if (isEnvironment && key.toLowerCase() === 'value') return [key, HIDDEN];
    if (typeof inner === 'string' && tells(key, inner)) return [key, HIDDEN];
    return [key, mask(inner, isEnvironment || isOfEnvironment(key), depth - 1)];
  });
  return Object.fromEntries(entries);
}

const isOfEnvironment = (key: string): boolean => /^environment$/i.test(key);

/** Whether the name of a value makes it a secret: `password`. */
function tells(key: string, value: string): boolean {
  const text = JSON.stringify({ [key]: value.slice(0, 100) });
  const shown = redact(text);
  return shown !== text && redact(value.slice(0, 100)) === value.slice(0, 100);
}

/** A text may be JSON itself, as the body of a message is. */
function maskText(text: string, isEnvironment: boolean, depth: number): string {
  if (/^\s*[[{]/.test(text)) {
    const inner = jsonOf(text);
    if (inner !== undefined) return JSON.stringify(mask(inner, isEnvironment, depth - 1));
  }
  const cut = redact(text.slice(0, CHARACTERS));
  // A text that was cut off is no JSON any more: hide too much rather than too little.
  return /"environment\\*"/i.test(cut) ? cut.replace(VALUES, `$1${HIDDEN}`) : cut;
}

/** A value in quotes, which may be escaped, or up to where the text was cut off. */
const VALUES = /(\\*"value\\*"\s*:\s*)(?:\\+"(?:(?!(?<!\\)\\")[^])*(?:\\"|$)|"(?:[^"\\]|\\.)*(?:"|$))/gi;

/** An event as an email shows it. */
export function shownRaw(raw: unknown): string {
  const safe = masked(raw);
  const text = typeof safe === 'string' ? safe : (JSON.stringify(safe, undefined, 2) ?? String(safe));
  return redact(text.slice(0, CHARACTERS));
}
