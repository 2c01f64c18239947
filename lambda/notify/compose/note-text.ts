/** Emails about notes: a backup was made, and there is something to know of it. */
import type { FoundNote } from '../../../catalog/contract/note';
import type { NewNotes } from '../../../catalog/contract/notification';
import { countOf } from '../../../catalog/units';
import { adviceOfNote, noteText as sentenceOf } from '../../../engines/advice';
import type { AdviceStep } from '../../../engines/engine-advice';
import { page } from '../advice/links';
import { engineText } from './backup-text';
import type { ZoneClock } from './clock';
import { DETAILED } from './fitting';
import type { Place } from './place';
import { linksText, NPX, stepText } from './problem-text';
import { fullest } from './subjects';
import { capital, cut, oneLine, sentence, wrapped } from './text';

const SENTENCE_CHARACTERS = 4000;

const titleOf = ({ newest }: NewNotes, note: FoundNote): string =>
  adviceOfNote(newest.engine, note)?.title ?? oneLine(note.kind);

function happenedText({ newest }: NewNotes, note: FoundNote): string {
  const { database } = note;
  const text = oneLine(sentenceOf(newest.engine, note));
  return database === undefined || text.includes(oneLine(database)) ? capital(text) : `${oneLine(database)}: ${text}`;
}

/** Subject of an email about notes. */
export function noteSubject(found: readonly NewNotes[], clock: ZoneClock): string {
  const [first] = found;
  const titles = [...new Set(found.flatMap((one) => one.notes.map((note) => titleOf(one, note))))];
  const more = titles.length > 1 ? ` and ${titles.length - 1} more` : '';
  const time = clock.full(found.map(({ newest }) => newest.time).reduce((a, b) => (b > a ? b : a)));
  const head = found.length > 1 ? `NOTE ${countOf(found.length, 'source')}` : `NOTE ${oneLine(first!.source)}`;
  return fullest(head, [`${titles[0]}${more}`, titles[0]], time);
}

/** The notes of each source, with what to do about them. */
export function noteText(found: readonly NewNotes[], place: Place, clock: ZoneClock): (string | undefined)[] {
  const names = found.map(({ source }) => oneLine(source));
  const more = found
    .slice(DETAILED)
    .flatMap((one) => one.notes.map((note) => `${oneLine(one.source)}: ${titleOf(one, note)}`));
  return [
    ...(found.length > 1
      ? [wrapped(`New notes on backups of ${countOf(found.length, 'source')}: ${names.join(', ')}.`)]
      : []),
    ...found
      .slice(0, DETAILED)
      .flatMap((one) => [
        ...(found.length > 1 ? [`--- ${cut(oneLine(one.source), 60)} ---`] : []),
        ...sourceText(one, place, clock),
      ]),
    ...(more.length > 0 ? [['THE OTHERS', ...[...new Set(more)].map((line) => wrapped(line))].join('\n')] : []),
    linksText({ runbook: page('manifest.md#notes') }),
  ];
}

function sourceText(found: NewNotes, { bucket, region }: Place, clock: ZoneClock): string[] {
  const { source, newest, notes } = found;
  const steps = notes.flatMap((note) => [...(adviceOfNote(newest.engine, note)?.steps(note) ?? [])]);
  const all: AdviceStep[] = [
    ...uniqueSteps(steps),
    {
      say: 'See all notes of the backup, in its manifest:',
      run: `aws s3 cp s3://${bucket}/${oneLine(source)}/${oneLine(newest.id)}/manifest.json - --region ${region}`,
    },
  ];
  return [
    wrapped(
      `The backup of ${oneLine(source)} was made at ${clock.full(newest.time)} (${engineText(newest)}). It has ${notes.length > 1 ? 'notes' : 'a note'} that you have not been told yet:`,
    ),
    ...notes.map((note) => wrapped(`- ${sentence(cut(happenedText(found, note), SENTENCE_CHARACTERS))}`)),
    wrapped('WHAT TO DO'),
    ...all.map(stepText),
    ...(all.some(({ run }) => run?.startsWith('npx ')) ? [NPX] : []),
  ];
}

/** Notes of one kind, each of a database of its own, often have the same steps. */
const uniqueSteps = (steps: readonly AdviceStep[]): AdviceStep[] => [
  ...new Map(steps.map((step) => [`${step.say}\n${step.run ?? ''}`, step])).values(),
];
