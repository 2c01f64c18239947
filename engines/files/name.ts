/**
 * Names of files are bytes. Within this engine they are texts of one character a byte (latin1), which keep every byte, sort by bytes,
 * and are keys of maps. What leaves the engine is made for people, or says the bytes besides.
 */

/** The bytes of a name, as system calls take them. */
export const bytesOf = (name: string): Buffer => Buffer.from(name, 'latin1');

/** A name of bytes. */
export const nameOf = (bytes: Buffer): string => bytes.toString('latin1');

/** The name of a text of ours: a path of a job. */
export const nameOfText = (text: string): string => nameOf(Buffer.from(text));

/** A name for people, and for globs: bytes that are no UTF-8 become U+FFFD. */
export const textOf = (name: string): string => bytesOf(name).toString('utf8');

/** Whether {@link textOf} says all of a name. */
export const isText = (name: string): boolean => Buffer.from(textOf(name)).equals(bytesOf(name));

/** A path below another one; `.` is that one itself. */
export const below = (directory: string, path: string): string =>
  path === '.' ? directory : directory === '.' ? path : `${directory}/${path}`;

/** The directory of a relative path; `.` for what is at the top. */
export const parentOf = (path: string): string => {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
};

/** The directories above a relative path, the nearest first, without `.`. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) yield path.slice(0, at);
}
