import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { cbor } from '@smithy/core/cbor';

type Input = Readonly<Record<string, unknown>>;

/** A request to AWS: which operation of which service, with its parameters. */
export interface AwsRequest {
  /** Name of the service in signatures: `s3`, `monitoring`. */
  readonly service: string;
  /** Operation; for S3 and other REST services method and path: `PUT /bucket/key`. */
  readonly operation: string;
  readonly input: Input;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly protocol: 's3' | 'json' | 'query' | 'ec2' | 'cbor';
}

/** Who signed a request, and for which service. */
export interface Signer {
  readonly accessKey: string;
  readonly service: string;
}

/** `AWS4-HMAC-SHA256 Credential=<access key>/<date>/<Region>/<service>/aws4_request, …` */
export function signerOf({ authorization = '' }: IncomingHttpHeaders): Signer | undefined {
  const found = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization);
  return found ? { accessKey: found[1]!, service: found[2]! } : undefined;
}

/** Whether the body says what is asked for. The bytes of an object do not. */
export const needsBody = (service: string, url: URL): boolean =>
  service !== 's3' || (url.searchParams.has('delete') && !url.searchParams.has('uploadId'));

/** Reads a request. */
export function readRequest(
  service: string,
  method: string,
  url: URL,
  headers: IncomingHttpHeaders,
  sent: Buffer,
): AwsRequest {
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  const common = { service, path: decodeURIComponent(url.pathname), query: url.searchParams, headers };
  const target = headers['x-amz-target'];
  if (service === 's3') return { ...common, operation: method, input: { body: body.toString() }, protocol: 's3' };
  if (typeof target === 'string')
    return { ...common, operation: target.split('.').at(-1)!, input: json(body), protocol: 'json' };
  const typed = /^\/service\/[^/]+\/operation\/(\w+)/.exec(url.pathname);
  if (typed) return { ...common, operation: typed[1]!, input: cbor.deserialize(body) as Input, protocol: 'cbor' };
  if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    const input = Object.fromEntries(new URLSearchParams(body.toString()));
    const protocol = service === 'ec2' ? 'ec2' : 'query';
    return { ...common, operation: input.Action!, input, protocol };
  }
  const [, ...parts] = common.path.split('/');
  return {
    ...common,
    operation: `${method} ${parts.at(service === 'lambda' ? 1 : 0)}`,
    input: json(body),
    protocol: 'json',
  };
}

function json(body: Buffer): Input {
  try {
    return JSON.parse(body.toString() || '{}') as Input;
  } catch {
    return {};
  }
}

/** A refusal in the words of the request's protocol. */
export function refusal({ protocol }: Pick<AwsRequest, 'protocol'>, message: string) {
  const inner = `<Code>AccessDenied</Code><Message>${escape(message)}</Message>`;
  const xml = { 'content-type': 'text/xml' };
  const code = 'AccessDeniedException';
  switch (protocol) {
    case 's3':
      return { status: 403, headers: xml, body: `<Error>${inner}</Error>` };
    case 'query':
      return { status: 403, headers: xml, body: `<ErrorResponse><Error>${inner}</Error></ErrorResponse>` };
    case 'ec2':
      return {
        status: 403,
        headers: xml,
        body: `<Response><Errors><Error>${inner.replace('AccessDenied', 'UnauthorizedOperation')}</Error></Errors></Response>`,
      };
    case 'cbor':
      return {
        status: 400,
        headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
        body: Buffer.from(cbor.serialize({ __type: code, message })),
      };
    case 'json':
      return {
        status: 400,
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': code },
        body: JSON.stringify({ __type: code, message }),
      };
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escape = (text: string): string => text.replace(/[&<>]/g, (character) => ESCAPES[character]!);
