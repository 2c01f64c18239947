import type { Colors } from 'picocolors/types';
import pc from 'picocolors';

/** Off when the stream is no terminal: picocolors alone would colour files and pipes wherever `CI` is set. */
const colorsOf = (stream: NodeJS.WriteStream): Colors =>
  pc.createColors(Boolean(stream.isTTY) && !process.env.NO_COLOR);

/** Colours for standard output: off when it is no terminal, and when `NO_COLOR` is set (https://no-color.org). */
export const colors = colorsOf(process.stdout);

/** The same for standard error. */
export const errorColors = colorsOf(process.stderr);
