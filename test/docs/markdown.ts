import * as fs from 'node:fs';
import * as path from 'node:path';

export const ROOT = path.resolve(__dirname, '../..');

/** A fenced block of code. */
export interface CodeBlock {
  /** `README.md:33`: the file and the line of the fence. */
  readonly place: string;
  /** The heading above it. */
  readonly heading: string;
  readonly language: string;
  readonly code: string;
}

/** A Markdown file of the project, split into prose and code. */
export class Markdown {
  /** Everything outside of fenced blocks. */
  readonly prose: string;
  readonly blocks: readonly CodeBlock[];

  /** @param file path from the project's folder */
  constructor(readonly file: string) {
    const blocks: { place: string; heading: string; language: string; code: string }[] = [];
    let heading = '';
    const prose: string[] = [];
    let inside = false;
    fs.readFileSync(path.join(ROOT, file), 'utf8')
      .split('\n')
      .forEach((line, index) => {
        const fence = /^\s*```(\S*)/.exec(line);
        if (fence) {
          inside = !inside;
          if (inside) blocks.push({ place: `${file}:${index + 1}`, heading, language: fence[1]!, code: '' });
        } else if (inside) {
          blocks.at(-1)!.code += `${line}\n`;
        } else {
          heading = /^#+ (.+)$/.exec(line)?.[1] ?? heading;
          prose.push(line);
        }
      });
    if (inside) throw new Error(`${blocks.at(-1)!.place}: the block is not closed`);
    this.prose = prose.join('\n');
    this.blocks = blocks;
  }

  /** The shell commands below a heading, before the next one. */
  commands(heading: string): string {
    const blocks = this.blocks.filter((block) => block.heading === heading && block.language === 'sh');
    if (blocks.length === 0) throw new Error(`${this.file} has no commands below "${heading}"`);
    return blocks.map(({ code }) => code).join('');
  }

  /** Code in the text: what stands between backticks. */
  get inlineCode(): string[] {
    return [...this.prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  }

  /** Targets of links. */
  get links(): string[] {
    return [...this.prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  }

  /** Anchors that GitHub makes of the headings. */
  get anchors(): string[] {
    return [...this.prose.matchAll(/^#+ +(.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
  }

  /** The text from a heading to the next one of any level. */
  section(heading: string): string {
    const text = new RegExp(`^#+ ${heading}$([^]*?)(?=^#+ |(?![^]))`, 'm').exec(this.prose)?.[1];
    if (text === undefined) throw new Error(`${this.file} has no heading "${heading}"`);
    return text;
  }
}

/** Rows of a table, without its head, cell by cell. */
export function tableRows(section: string): string[][] {
  const rows = [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row]) => row!.split(' | ').map((cell) => cell.trim()));
  return rows.filter(([first]) => !/^-+$/.test(first!)).slice(1);
}

/** A cell without its backticks. */
export const plain = (cell = ''): string => cell.replaceAll('`', '');

const docs = fs.readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));

/** All documents of the project. */
export const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'lambda/README.md',
  ...docs.map((name) => `docs/${name}`),
].map((file) => new Markdown(file));

export const document = (file: string): Markdown => DOCUMENTS.find((one) => one.file === file)!;
