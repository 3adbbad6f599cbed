/**
 * What `openssl des-ede3 -d -base64 -k KEY` does, in this process.
 *
 *   base64( "Salted__" ‖ salt (8 bytes) ‖ 3DES-ECB( key derived by EVP_BytesToKey, one round ) )
 *
 * Nothing in it is authenticated: an altered token often decrypts to rubbish without an error, so what comes out is text
 * that may be anything. node-forge is loaded by the first token of version 1 and by nothing else.
 */
export type V1Digest = 'md5' | 'sha256';

const MAGIC = 'Salted__';
const SALT_BYTES = 8;
const KEY_BYTES = 24;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Undefined when it is no such token, or the padding shows that the passphrase is another one. */
export async function decryptV1(
  token: string,
  passphrase: string,
  digest: V1Digest,
): Promise<string | undefined> {
  if (!BASE64.test(token)) return undefined;
  const bytes = Buffer.from(token, 'base64').toString('latin1');
  const ciphertext = bytes.slice(MAGIC.length + SALT_BYTES);
  if (!bytes.startsWith(MAGIC) || ciphertext === '') return undefined;
  const salt = bytes.slice(MAGIC.length, MAGIC.length + SALT_BYTES);

  const { default: forge } = await import('node-forge');
  const secret = Buffer.from(passphrase).toString('latin1');
  let key = '';
  for (let last = ''; key.length < KEY_BYTES; key += last) {
    const hash = forge.md[digest].create();
    hash.update(last + secret + salt);
    last = hash.digest().getBytes();
  }
  const decipher = forge.cipher.createDecipher('3DES-ECB', key.slice(0, KEY_BYTES));
  decipher.start();
  decipher.update(forge.util.createBuffer(ciphertext));
  const isPaddingGood = decipher.finish();
  return isPaddingGood ? Buffer.from(decipher.output.getBytes(), 'latin1').toString('utf8') : undefined;
}
