import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { RecordedResource } from '../names';
import { REGION } from '../names';
import { access } from './access';
import { accessesOf } from './accesses';
import { arnOf, DeployedPolicies } from './deployed';
import { isAllowed } from './policy';
import type { Access, Policy } from './policy';
import { needsBody, readRequest, refusal, signerOf } from './request';
import type { AwsRequest } from './request';
import { isBatch, keysToDelete, named } from './s3-accesses';
import { serviceAccesses } from './service-accesses';

/** An access, who asked for it, and whether the policies allowed it. */
export interface Decision {
  /** Name of the role, the function or the person; `events.amazonaws.com` for a service. */
  readonly principal: string;
  readonly access: Access;
  readonly allowed: boolean;
}

/** Access keys of those who set the scene, to whom everything is allowed. The CDK CLI assumes its own roles; CDK's Python functions have an account id. */
const SCENE_SHIFTERS = /^(test|\d{12}|ASIA[0-9A-F]+)$/;
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

type Recorded = Record<string, Record<string, RecordedResource>>;

/**
 * Stands in front of the emulated AWS, and enforces the policies that are deployed there. The access key of a process names
 * its role or function.
 */
export class Guard {
  /** What was refused. A test that tries what is forbidden takes it away. */
  readonly denials: Decision[] = [];
  /** Answers to operations that the emulated AWS lacks: by service and operation, as `ssm SendCommand`. */
  readonly answers = new Map<string, (input: object) => object | Promise<object>>();
  /** Tags of EC2 instances, by their ids. */
  readonly instanceTags = new Map<string, Readonly<Record<string, string>>>();
  /** Each decision once. */
  private readonly made = new Map<string, Decision>();
  private readonly people = new Map<string, Policy>();
  private readonly server: http.Server;
  private known: DeployedPolicies | undefined;

  private constructor(private readonly upstream: string) {
    this.server = http.createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, (request, response) => {
      this.handle(request, response).catch((error: Error) => response.destroy(error));
    });
  }

  /**
   * Listens on a free port of the loopback address.
   *
   * @param upstream origin of the emulated AWS itself
   */
  static async start(upstream: string): Promise<Guard> {
    const guard = new Guard(upstream);
    guard.server.listen(0, '127.0.0.1');
    await once(guard.server, 'listening');
    guard.server.unref();
    return guard;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** All decisions, each once. */
  get decisions(): readonly Decision[] {
    return [...this.made.values()];
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Enforces the policy of a person who has no deployed role, by an access key of this name. */
  addPerson(name: string, policy: Policy): void {
    this.people.set(name, policy);
  }

  /** The policies that are deployed now. */
  async deployed(): Promise<DeployedPolicies> {
    const answer = await fetch(`${this.upstream}/_recorded`);
    return new DeployedPolicies((await answer.json()) as Recorded, this.people);
  }

  /** Fails where AWS could not do by itself what is deployed. */
  async check(): Promise<void> {
    const deployed = (this.known = await this.deployed());
    const decisions = serviceAccesses(deployed).map((one) => this.record(decide(deployed, one.principal, one.access)));
    const denied = decisions.filter(({ allowed }) => !allowed).map(sentence);
    if (denied.length > 0) throw new Error(`AWS could not do by itself what is deployed:\n${denied.join('\n')}`);
  }

  private record(decision: Decision): Decision {
    this.made.set(JSON.stringify(decision), decision);
    return decision;
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { accessKey, service } = signerOf(request.headers) ?? { accessKey: 'nobody', service: 's3' };
    const url = new URL(request.url!, this.upstream);
    // Questions of the tests, and CDK's answers for CloudFormation, are not signed.
    const mayAll = SCENE_SHIFTERS.test(accessKey) || (accessKey === 'nobody' && url.pathname.startsWith('/_'));
    if (mayAll && service !== 'ssm') return send(response, await this.forward(request, response));
    const body = needsBody(service, url) ? await buffer(request) : undefined;
    const asked = readRequest(service, request.method!, url, request.headers, body ?? Buffer.alloc(0));
    const own = this.answers.get(`${service} ${asked.operation}`);
    if (mayAll)
      return own
        ? answerWith(response, await own(asked.input))
        : send(response, await this.forward(request, response, body));
    const { deployed, decisions } = await this.decideAll(accessKey, asked);
    const refused = decisions.map((one) => this.record(one)).filter(({ allowed }) => !allowed);
    this.denials.push(...refused);
    const refusedAtAll = refused.find(({ access: { action } }) => !isBatch(asked) || !action.startsWith('s3:'));
    if (refusedAtAll) return refuse(request, response, asked, refusedAtAll);
    if (isBatch(asked)) return this.deleteKeys(request, response, asked, refused);
    if (own) return answerWith(response, await own(asked.input));
    const answer = await this.forward(request, response, body);
    const hidden = answer.statusCode === 404 ? this.hidden(asked, deployed, accessKey) : undefined;
    if (!hidden) return send(response, answer);
    this.denials.push(hidden);
    answer.resume();
    return refuse(request, response, asked, hidden);
  }

  /** Who may not list a bucket does not learn that it has no such object. */
  private hidden(asked: AwsRequest, deployed: DeployedPolicies, accessKey: string): Decision | undefined {
    const { bucket, key } = named(asked);
    if (asked.service !== 's3' || key === '' || !['GET', 'HEAD'].includes(asked.operation)) return undefined;
    const list = this.record(decide(deployed, accessKey, access('s3:ListBucket', arnOf('s3', bucket))));
    return list.allowed ? undefined : list;
  }

  /** S3 answers for each key of a batch. */
  private async deleteKeys(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    asked: AwsRequest,
    refused: readonly Decision[],
  ): Promise<void> {
    const { bucket } = named(asked);
    const body = String(asked.input.body);
    const isRefused = (key: string) => refused.some((one) => one.access.resource === arnOf('s3', `${bucket}/${key}`));
    const keys = keysToDelete(body).filter(({ key }) => isRefused(key));
    const left = keys.reduce((xml, one) => xml.replace(one.xml, ''), body);
    const checksums = /^(content-md5|content-length|x-amz-checksum-.*|x-amz-sdk-checksum-algorithm)$/;
    const headers = Object.entries(request.headers).filter(([name]) => keys.length === 0 || !checksums.test(name));
    const answer = await this.forward(request, response, Buffer.from(left), Object.fromEntries(headers));
    const errors = keys.map(
      ({ xml }) =>
        `<Error>${xml.replace(/<\/?Object>/g, '')}<Code>AccessDenied</Code><Message>Access Denied</Message></Error>`,
    );
    const kept = without(answer.headers, 'content-length');
    const whole = (await text(answer)).replace('</DeleteResult>', `${errors.join('')}</DeleteResult>`);
    response.writeHead(answer.statusCode!, kept).end(whole);
  }

  /** A refusal by policies that were read before is looked into again: something may have been deployed since. */
  private async decideAll(
    accessKey: string,
    asked: AwsRequest,
    known = this.known,
  ): Promise<{ deployed: DeployedPolicies; decisions: Decision[] }> {
    const deployed = known ?? (this.known = await this.deployed());
    const decisions = await accessesOf(asked, deployed, (id) => this.tagsOf(id))
      .then((accesses) => accesses.map((one) => decide(deployed, accessKey, one)))
      .catch(({ message }: Error) => [{ principal: accessKey, access: access(message, asked.path), allowed: false }]);
    if (!known || decisions.every(({ allowed }) => allowed)) return { deployed, decisions };
    this.known = undefined;
    return this.decideAll(accessKey, asked);
  }

  private async tagsOf(id: string): Promise<Readonly<Record<string, string>>> {
    if (id.startsWith('i-')) return this.instanceTags.get(id) ?? {};
    const ec2 = new EC2Client({ endpoint: this.upstream, region: REGION, credentials: CREDENTIALS });
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }));
    return Object.fromEntries((Snapshots[0]?.Tags ?? []).map(({ Key, Value }) => [Key!, Value!]));
  }

  private async forward(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    body?: Buffer,
    headers: http.IncomingHttpHeaders = request.headers,
  ): Promise<http.IncomingMessage> {
    const { method, url } = request;
    const onward = http.request(`${this.upstream}${url}`, {
      method,
      headers: without(headers, 'expect'),
      agent: false,
    });
    response.once('close', () => onward.destroy());
    const answered = once(onward, 'response') as Promise<[http.IncomingMessage]>;
    if (body) onward.end(body);
    // What goes wrong shows in the answer.
    else pipeline(request, onward).catch(() => undefined);
    return (await answered)[0];
  }
}

const without = (headers: http.IncomingHttpHeaders, name: string): http.IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name));

function decide(deployed: DeployedPolicies, principal: string, { context, ...one }: Access): Decision {
  const policies = deployed.for(principal, one.resource);
  const who: Access['context'] = policies?.identity.length ? { 'aws:PrincipalArn': policies.principal } : {};
  const inContext: Access = { ...one, context: { ...context, ...who } };
  return { principal, access: inContext, allowed: policies !== undefined && isAllowed(inContext, policies) };
}

async function send(response: http.ServerResponse, answer: http.IncomingMessage): Promise<void> {
  response.writeHead(answer.statusCode!, without(answer.headers, 'connection'));
  await pipeline(answer, response);
}

function answerWith(response: http.ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

function refuse(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  asked: AwsRequest,
  decision: Decision,
): void {
  // The bytes of an object are not taken in.
  request.resume();
  const { status, headers, body } = refusal(asked, sentence(decision));
  response.writeHead(status, headers).end(asked.operation === 'HEAD' ? undefined : body);
}

/** What AWS says of a refusal. */
export const sentence = ({ principal, access: { action, resource, context } }: Decision): string =>
  `${principal} is not authorized to perform: ${action} on resource: ${resource} (${JSON.stringify(context)})`;
