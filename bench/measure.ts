/** Runs commands and measures them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { interrupted } from './interrupt';

/** A command that a person could type. */
export interface Measurable {
  readonly argv: readonly string[];
  readonly env: Record<string, string>;
  /** Its name in the table. */
  readonly title: string;
}

/** What a command and all its descendants took: the output of `measure.py`. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakProcessBytes: number;
  readonly peakTreeBytes: number;
}

/** Set by scripts/bench.mjs: the project's folder. */
const { BENCH_ROOT: root = '' } = process.env;

/** Tells a person what goes on. */
export const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

/** Runs a command; returns what it wrote to its standard output, throws with all it said if it fails. */
export async function output({ argv, env }: Measurable): Promise<string> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal: interrupted });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  const [stdout, stderr] = await said;
  if (code !== 0) throw new Error(`"${argv.join(' ')}" exited with code ${code}:\n${stdout.slice(-3000)}${stderr}`);
  return stdout;
}

/** Runs a command once, in silence, and measures it. */
export async function measure(command: Measurable, directory: string): Promise<Measured> {
  const file = path.join(directory, 'measured.json');
  fs.rmSync(file, { force: true });
  const python = path.join(root, '.venv/bin/python');
  const argv = [python, path.join(root, 'bench/measure.py'), file, ...command.argv];
  const said = await output({ ...command, argv });
  const { code, ...measured } = JSON.parse(fs.readFileSync(file, 'utf8')) as Measured & { readonly code: number };
  if (code !== 0) throw new Error(`${command.title} exited with code ${code}:\n${said.slice(-3000)}`);
  return measured;
}
