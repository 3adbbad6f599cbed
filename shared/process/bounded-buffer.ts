/** Bytes that arrive in chunks, up to a limit. What it keeps in memory is at most twice what it holds. */
export interface BoundedBuffer {
  /** False, and nothing is added, when there is no room for the chunk. */
  add(chunk: Uint8Array): boolean;
  readonly size: number;
  text(): string;
  clear(): void;
}

export function boundedBuffer(maxBytes: number): BoundedBuffer {
  let bytes = Buffer.alloc(0);
  let size = 0;
  return {
    add(chunk) {
      const newSize = size + chunk.length;
      if (newSize > maxBytes) return false;
      if (newSize > bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes, Math.max(newSize, 2 * bytes.length)));
        bytes.copy(larger, 0, 0, size);
        bytes = larger;
      }
      bytes.set(chunk, size);
      size = newSize;
      return true;
    },
    get size() {
      return size;
    },
    text: () => bytes.toString('utf8', 0, size),
    clear() {
      bytes = Buffer.alloc(0);
      size = 0;
    },
  };
}
