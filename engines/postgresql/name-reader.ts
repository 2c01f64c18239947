import type { Client } from 'pg';

/** A name, as people read it. */
export interface ReadName {
  readonly text: string;
  /** Whether the server takes the text for this name: not if its bytes are no text. */
  readonly isSpeakable: boolean;
}

/** Reads names from their bytes in the database's encoding: where the server converts them, a single one ends the statement. */
export class NameReader {
  /**
   * @param client in a transaction
   * @param encoding of the database
   */
  constructor(
    private readonly client: Client,
    private readonly encoding: string,
  ) {}

  async read(bytes: Buffer): Promise<ReadName> {
    const isAscii = bytes.every((byte) => byte < 0x80);
    if (isAscii || this.encoding === 'UTF8') return { text: bytes.toString('utf8'), isSpeakable: true };
    const text = this.encoding === 'SQL_ASCII' ? utf8(bytes) : await this.converted(bytes);
    return text === undefined ? { text: escaped(bytes), isSpeakable: false } : { text, isSpeakable: true };
  }

  private async converted(bytes: Buffer): Promise<string | undefined> {
    await this.client.query('SAVEPOINT converted');
    try {
      const { rows } = await this.client.query<{ text: string }>('SELECT convert_from($1, $2) AS text', [
        bytes,
        this.encoding,
      ]);
      return rows[0]?.text;
    } catch {
      await this.client.query('ROLLBACK TO SAVEPOINT converted');
      return undefined;
    }
  }
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Bytes that are no ASCII as `\xe9`. */
const escaped = (bytes: Buffer): string =>
  [...bytes].map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join('');
