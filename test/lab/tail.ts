/** What has been appended to a file of the machine since a moment, read bit by bit. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

export class Tail {
  readonly #path: string;
  #offset = 0;
  #text = '';
  #decoder = new StringDecoder('utf8');

  constructor(path: string) {
    this.#path = path;
    this.mark();
  }

  /** What stands there now is not looked at again. */
  mark(): void {
    this.#offset = statSync(this.#path).size;
    this.#text = '';
    this.#decoder = new StringDecoder('utf8');
  }

  /** All since the last mark. */
  read(): string {
    const file = openSync(this.#path, 'r');
    try {
      const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#offset));
      const count = readSync(file, buffer, 0, buffer.length, this.#offset);
      this.#offset += count;
      this.#text += this.#decoder.write(buffer.subarray(0, count));
      return this.#text;
    } finally {
      closeSync(file);
    }
  }
}
