/** Text of emails: characters of a subject, and layout of a body. */
import wrap from 'word-wrap';

/** Columns of a body. */
export const COLUMNS = 72;
/** SNS takes fewer than 100 characters. */
export const SUBJECT_CHARACTERS = 99;

// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

/** Text of others for an email: without control characters and colours. */
export const clean = (text: unknown): string =>
  String(text)
    .replace(COLOURS, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, '  ')
    .replace(/[\p{Zl}\p{Zp}]/gu, '\n')
    .replace(/[^\P{C}\n]/gu, '');

/** The same as one line. */
export const oneLine = (text: unknown): string => clean(text).replace(/\s+/gu, ' ').trim();

const LOOKS_LIKE: Readonly<Record<string, string>> = {
  '–': '-',
  '—': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  ß: 'ss',
};

/** The same in ASCII: without accents, and with `?` for other characters. */
export const ascii = (text: unknown): string =>
  oneLine(text)
    .replace(/[–—‘’“”ß]/g, (character) => LOOKS_LIKE[character]!)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?')
    .replace(/ +/g, ' ')
    .trim();

/** A text that is cut at a word, with `...`, if it is longer. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = text.slice(0, Math.max(0, length - 3));
  const word = /^(.*\S)\s+\S*$/.exec(text.slice(0, head.length + 1))?.[1];
  // A single long word is cut within.
  const kept = word !== undefined && word.length > head.length / 2 ? word : head.trimEnd();
  return `${kept.replace(/[\s,;:.(]+$/, '')}...`.slice(0, length);
}

/** A name that is cut in its middle if it is longer: names of one kind often begin alike, or end alike. */
export function middle(name: string, length: number): string {
  if (name.length <= length) return name;
  const end = Math.floor((length - 3) / 2);
  return `${name.slice(0, length - 3 - end)}...${name.slice(-end)}`;
}

/** `FAILED shop: access denied (2026-11-20 02:00 Paris)`: a sentence that is too long is cut. */
export function subject(head: string, sentence: string, tail: string): string {
  // A name of a source has at most 60 characters or so; a longer one must not prevent the email.
  const [before, after] = [middle(ascii(head), 60), middle(ascii(tail), 34)];
  const end = after === '' ? '' : ` (${after})`;
  const words = ascii(sentence);
  if (words === '') return `${before}${end}`;
  const room = SUBJECT_CHARACTERS - before.length - 2 - end.length;
  return room < 4 ? `${before}${end}` : `${before}: ${cut(words, room)}${end}`;
}

/** Words that are useless in two parts. */
const WHOLE = /^[("']?(https?:\/\/|arn:|\d{12}\.dkr\.ecr\.)\S{0,500}$/;

/** Wraps a text. Words that a reader copies as a whole, such as an ARN, may be longer, alone on their line. */
export const wrapped = (text: string, indent = ''): string =>
  text
    .split('\n')
    .map((line) => {
      const width = COLUMNS - indent.length;
      const parts = line
        .split(' ')
        .map((word) => (word.length > width && !WHOLE.test(word) ? pieces(word, width) : word));
      return wrap(parts.join(' '), { width, indent, trim: true });
    })
    .join('\n')
    .replace(/[ \t]+$/gm, '');

const pieces = (word: string, width: number): string => {
  const all = [...word];
  const count = Math.ceil(all.length / (width / 2));
  const parts = Array.from({ length: count }, (_, index) =>
    all.slice((index * width) / 2, ((index + 1) * width) / 2).join(''),
  );
  const lines: string[] = [];
  for (let index = 0; index < parts.length; index += 2) lines.push((parts[index] ?? '') + (parts[index + 1] ?? ''));
  return lines.join(' ');
};

/** The same on one line, with a full stop at its end. */
export const sentence = (text: unknown): string => oneLine(text).replace(/([^.!?;:])$/, '$1.');

/** The same with a capital at its start. An ARN, which somebody may copy, stays as it is. */
export const capital = (text: string): string =>
  text.startsWith('arn:') ? text : text.charAt(0).toUpperCase() + text.slice(1);

/** Parts of a body, with an empty line between them. */
export const body = (parts: readonly (string | undefined)[]): string =>
  `${parts.filter((part) => part !== undefined && part !== '').join('\n\n')}\n`;
