import * as fs from 'node:fs';
import { isIP } from 'node:net';
import * as path from 'node:path';
import type { Identity } from '../support/processes';
import { run } from '../support/processes';

/** Files of a certificate and its private key. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** RSA takes half a second for each. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAY = 24 * 60 * 60 * 1000;

/** `openssl ca` writes times as `YYMMDDHHMMSSZ`. */
const opensslTime = (time: Date): string => `${time.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`;

/** A certificate authority that lives in a directory of a test. */
export class Authority {
  /** File of the authority's own certificate. */
  readonly file: string;
  /** The authority's own certificate, PEM. */
  readonly pem: string;

  private constructor(private readonly directory: string) {
    this.file = path.join(directory, 'ca.crt');
    this.pem = fs.readFileSync(this.file, 'utf8');
  }

  /** Makes a new authority, whose files go to a folder of their own in `directory`. */
  static async create(directory: string): Promise<Authority> {
    const own = fs.mkdtempSync(path.join(directory, 'ca-'));
    fs.chmodSync(own, 0o755);
    const file = (name: string): string => path.join(own, name);
    fs.writeFileSync(file('index.txt'), '');
    fs.writeFileSync(file('serial'), '1000\n');
    fs.writeFileSync(
      file('ca.cnf'),
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${file('index.txt')}\nserial=${file('serial')}\nnew_certs_dir=${own}\n` +
        `certificate=${file('ca.crt')}\nprivate_key=${file('ca.key')}\ndefault_md=sha256\npolicy=any\n` +
        '[any]\ncommonName=supplied\n',
    );
    await run('openssl', [
      ...['req', '-x509', ...NEW_KEY, '-days', '30', '-subj', '/CN=Test authority'],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
      ...['-keyout', file('ca.key'), '-out', file('ca.crt')],
    ]);
    return new Authority(own);
  }

  /**
   * Issues a server certificate.
   *
   * @param host name or address, which is then its only entry
   * @param owner who may read the key: database servers refuse a key that others can read
   * @param expired valid from ten days ago until yesterday, instead of until tomorrow
   */
  async issue(host: string, options: { owner?: Identity; expired?: boolean } = {}): Promise<Certificate> {
    const directory = fs.mkdtempSync(path.join(this.directory, 'server-'));
    fs.chmodSync(directory, 0o755);
    const file = (name: string): string => path.join(directory, name);
    const keyFile = file('server.key');
    const certificateFile = file('server.crt');
    await run('openssl', [
      ...['req', ...NEW_KEY, '-subj', `/CN=${isIP(host) ? 'a server' : host}`],
      ...['-keyout', keyFile, '-out', file('server.csr')],
    ]);
    fs.writeFileSync(file('extensions'), `subjectAltName=${isIP(host) ? 'IP' : 'DNS'}:${host}\n`);
    await run('openssl', [
      ...['ca', '-batch', '-notext', '-config', path.join(this.directory, 'ca.cnf'), '-extfile', file('extensions')],
      ...['-startdate', opensslTime(new Date(Date.now() - 10 * DAY))],
      ...['-enddate', opensslTime(new Date(Date.now() + (options.expired ? -1 : 1) * DAY))],
      ...['-in', file('server.csr'), '-out', certificateFile],
    ]);
    if (options.owner) fs.chownSync(keyFile, options.owner.uid, options.owner.gid);
    return { certificateFile, keyFile };
  }
}
