/** Longest part of what AWS says that a sentence quotes. */
const QUOTED = 240;

/** What AWS puts around its words, and what nobody needs to read. */
const WRAPPING = [
  /\b(?:ResourceInitializationError|CannotPullContainerError|CannotPullImageManifestError|CannotStartContainerError|CannotCreateContainerError|CannotInspectContainerError|CannotCreateVolumeError|ContainerRuntimeError|ContainerRuntimeTimeoutError|OutOfMemoryError|TaskFailedToStart): */g,
  /\bunable to pull secrets or registry auth: */g,
  /\bexecution resource retrieval failed: */g,
  /\b(?:service call|pull image manifest|create stream|inspect image) has been retried \d+ times?(?:\(s\))?: */g,
  /\boperation error [\w ]+: \w+, */g,
  /\bhttps response error StatusCode: \d+, */g,
  /\bRequestID: [\w-]*, */gi,
  /\b(?:status code: \d+, )?request id: [\w-]+/g,
  /\bapi error (?=\w+Exception)/g,
];

/** What AWS says, without its wrapping, on one line, not longer than a person reads. */
export function plainWords(text: string): string {
  const words = WRAPPING.reduce((rest, wrapping) => rest.replace(wrapping, ''), text).replace(/\s+/g, ' ');
  const plain = words.replace(/[\s.:;,]+$/, '').trim();
  return plain.length > QUOTED ? `${plain.slice(0, QUOTED).trimEnd()}…` : plain;
}

/** `what`, with what AWS says of it, if it says something. */
export const because = (what: string, said: string | undefined): string => {
  const words = plainWords(said ?? '');
  return words === '' ? what : `${what}: ${words}`;
};

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, 'days'],
  [3600, 'hours'],
  [60, 'minutes'],
];

/** `90 seconds`, `30 hours`, `3 days`: in the largest unit of which there are two. */
export function roughly(seconds: number): string {
  const [size, unit] = UNITS.find(([length]) => seconds >= 2 * length) ?? [1, 'seconds'];
  return `${Math.floor(seconds / size)} ${unit}`;
}
