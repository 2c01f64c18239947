import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';

/** What has no end of its own is asked for again after this time. */
const ASKED_AGAIN_MS = 15 * 60_000;

/**
 * Gives the credentials of the program's own client to a tool, as ECS gives them to a container: on the loopback address, to whoever knows
 * the token. The tool asks again before they end, and needs no other way to them: no profile, no file, no metadata of an instance.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export class CredentialServer {
  private readonly token = randomBytes(32).toString('base64url');

  private constructor(
    private readonly server: Server,
    client: S3Client,
  ) {
    server.on('request', ({ headers }, response) => {
      if (!isSame(headers.authorization ?? '', this.token)) return void response.writeHead(403).end();
      client.config.credentials().then(
        ({ accessKeyId, secretAccessKey, sessionToken = '', expiration = new Date(Date.now() + ASKED_AGAIN_MS) }) => {
          const content = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken };
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ ...content, Expiration: expiration.toISOString() }));
        },
        () => response.writeHead(500).end(),
      );
    });
  }

  static async start(client: S3Client): Promise<CredentialServer> {
    const server = createServer().listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    return new CredentialServer(server, client);
  }

  /** What a tool finds them by. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: this.token,
      // Profiles of this account, which it would read first, are none of its business.
      ...{ AWS_SHARED_CREDENTIALS_FILE: '/dev/null', MINIO_SHARED_CREDENTIALS_FILE: '/dev/null' },
    };
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const isSame = (given: string, token: string): boolean =>
  given.length === token.length && timingSafeEqual(Buffer.from(given), Buffer.from(token));
