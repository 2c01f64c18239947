import type { Colors } from 'picocolors/types';
import pc from 'picocolors';

/**
 * Colours for a stream: off unless it is a terminal, and off with `NO_COLOR` (https://no-color.org). picocolors alone
 * would colour files and pipes wherever `CI` is set.
 */
export const colorsOf = (stream: { readonly isTTY?: boolean }): Colors =>
  pc.createColors(Boolean(stream.isTTY) && !process.env.NO_COLOR);

/** Colours for standard output. */
export const colors = colorsOf(process.stdout);

/** The same for standard error. */
export const errorColors = colorsOf(process.stderr);
