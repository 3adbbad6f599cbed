/**
 * A file whose reads hang in the kernel while another file exists, which then says how many do: FUSE, spoken to the kernel
 * directly. Runs in a host until it is killed; then reads fail.
 *
 *   node hanging-file.cjs MOUNT_POINT FLAG_FILE
 */
import { spawnSync } from 'node:child_process';
import { existsSync, openSync, read, writeFileSync, writeSync } from 'node:fs';

const [mountPoint = '', flagFile = ''] = process.argv.slice(2);
const FILE_BYTES = 1024 * 1024;
const REQUEST_BYTES = 256 * 1024;
const OPCODE = { forget: 2, getattr: 3, open: 14, read: 15, release: 18, flush: 25, init: 26, interrupt: 36 };
const IN_HEADER_BYTES = 40;
const NO_SUCH_FUNCTION = -38;
const MODE = 0o100444;

const device = openSync('/dev/fuse', 'r+');
writeFileSync(mountPoint, '');
const options = `fd=3,rootmode=${MODE.toString(8)},user_id=0,group_id=0,allow_other`;
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'hanging', mountPoint], {
  stdio: ['ignore', 'inherit', 'inherit', device],
});
if (mounted.status !== 0) process.exit(1);

const hanging: (() => void)[] = [];
setInterval(() => {
  if (!existsSync(flagFile)) for (const answer of hanging.splice(0)) answer();
}, 50);
next();

function next(): void {
  const buffer = Buffer.alloc(REQUEST_BYTES);
  read(device, buffer, 0, buffer.length, null, (error, length) => {
    if (error !== null) process.exit(0); // unmounted
    serve(buffer.subarray(0, length));
    next();
  });
}

function serve(request: Buffer): void {
  const opcode = request.readUInt32LE(4);
  const unique = request.readBigUInt64LE(8);
  const reply = (body: Buffer, error = 0) => {
    const header = Buffer.alloc(16);
    header.writeUInt32LE(16 + body.length, 0);
    header.writeInt32LE(error, 4);
    header.writeBigUInt64LE(unique, 8);
    try {
      writeSync(device, Buffer.concat([header, body]));
    } catch {
      // whoever asked has gone
    }
  };
  switch (opcode) {
    case OPCODE.init:
      reply(initOut());
      break;
    case OPCODE.getattr:
      reply(attributes());
      break;
    case OPCODE.open:
      reply(Buffer.alloc(16));
      break;
    case OPCODE.read: {
      const offset = Number(request.readBigUInt64LE(IN_HEADER_BYTES + 8));
      const size = request.readUInt32LE(IN_HEADER_BYTES + 16);
      const answer = () => reply(Buffer.alloc(Math.max(0, Math.min(size, FILE_BYTES - offset))));
      if (existsSync(flagFile)) hold(answer);
      else answer();
      break;
    }
    case OPCODE.release:
    case OPCODE.flush:
      reply(Buffer.alloc(0));
      break;
    case OPCODE.forget:
    case OPCODE.interrupt:
      break; // have no answer
    default:
      reply(Buffer.alloc(0), NO_SUCH_FUNCTION);
  }
}

function hold(answer: () => void): void {
  hanging.push(answer);
  try {
    writeFileSync(flagFile, `${hanging.length}\n`, { flag: 'r+' });
  } catch {
    // it has just been removed
  }
}

/** struct fuse_init_out: version 7.31. */
function initOut(): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(128 * 1024, 20); // max_write
  return out;
}

/** struct fuse_attr_out of the one file. */
function attributes(): Buffer {
  const out = Buffer.alloc(104);
  out.writeBigUInt64LE(1n, 16);
  out.writeBigUInt64LE(BigInt(FILE_BYTES), 24);
  out.writeBigUInt64LE(BigInt(FILE_BYTES / 512), 32);
  out.writeUInt32LE(MODE, 76);
  out.writeUInt32LE(1, 80);
  out.writeUInt32LE(4096, 96);
  return out;
}
