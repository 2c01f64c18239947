/** Longest quotation of AWS in a sentence. */
const QUOTED = 240;

/** Parts of messages of AWS that tell a reader nothing. */
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

/** A message of AWS on one line, without the parts that tell nothing, cut to a readable length. */
function plainWords(text: string): string {
  const words = WRAPPING.reduce((rest, wrapping) => rest.replace(wrapping, ''), text).replace(/\s+/g, ' ');
  const plain = words.replace(/[\s.:;,]+$/, '').trim();
  return plain.length > QUOTED ? `${plain.slice(0, QUOTED).trimEnd()}…` : plain;
}

/** A sentence with the message of AWS after it, if there is one. */
export const because = (what: string, said: string | undefined): string => {
  const words = plainWords(said ?? '');
  return words === '' ? what : `${what}: ${words}`;
};
