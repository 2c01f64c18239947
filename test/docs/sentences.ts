import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import { ROOT } from './markdown';

const FOLDERS = ['lib', 'lambda', 'task', 'catalog', 'engines', 'bin'];

function sourceFiles(folder: string): string[] {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name));
}

/** All sources of the product, as text. */
export const SOURCES = FOLDERS.flatMap(sourceFiles).map((file) => ({
  file,
  text: fs.readFileSync(path.join(ROOT, file), 'utf8'),
}));

/** The fixed parts of a text with placeholders; none for anything that is no text. */
function partsOf(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    return [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text);
  }
  if (ts.isBinaryExpression(node)) {
    const [left, [first = '', ...right]] = [partsOf(node.left), partsOf(node.right)];
    return [...left.slice(0, -1), (left.at(-1) ?? '') + first, ...right];
  }
  return [];
}

function visit(use: (node: ts.Node, file: string) => void): void {
  for (const { file, text } of SOURCES) {
    const step = (node: ts.Node): void => {
      use(node, file);
      ts.forEachChild(node, step);
    };
    step(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
}

/** Fixed parts of every text in the sources, with the file that has it. */
export function textsByFile(): { readonly file: string; readonly text: string }[] {
  const texts: { file: string; text: string }[] = [];
  visit((node, file) => texts.push(...partsOf(node).map((text) => ({ file, text }))));
  return texts;
}

/** Fixed parts of every text in the sources, one a line. */
export const allTexts = (): string =>
  textsByFile()
    .map(({ text }) => text)
    .join('\n');

/** Where a sentence for users is made, and which of its arguments it is. */
const MAKERS: Readonly<Record<string, number>> = {
  BackupError: 1,
  ManifestError: 0,
  HandlerError: 0,
  CommandError: 0,
  SettingsError: 0,
  ScheduleExpressionError: 0,
  fault: -1,
};

/** A sentence that a user may meet, by its fixed parts. */
export interface Sentence {
  readonly file: string;
  readonly parts: readonly string[];
}

/** The sentences of `new BackupError(…)`, `fault(…)` and their like, each by its fixed parts. */
export function errorSentences(): Sentence[] {
  const sentences: Sentence[] = [];
  visit((node, file) => {
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return;
    const place = MAKERS[node.expression.getText()];
    const argument = place === undefined ? undefined : node.arguments?.at(place);
    const parts = argument ? partsOf(argument).filter((part) => part.length > 3) : [];
    if (parts.length > 0) sentences.push({ file, parts });
  });
  return sentences;
}
