/**
 * Why a token is not obeyed.
 *
 * The reason and the sentence are for the host's log and audit record. The guest is told `denied` and nothing else: a
 * reason would teach it how far a forged or stolen token got.
 */
export type RefusalReason =
  /** It isn't even built like a token. */
  | 'malformed'
  | 'unknown-key'
  | 'withdrawn-key'
  /** Its seal is broken: a bit was changed, or another key of that name made it. */
  | 'altered'
  /** Its seal is good and it says something that this version does not know how to honour. */
  | 'unsupported'
  | 'expired'
  | 'wrong-guest'
  | 'wrong-operation'
  | 'version-1-off'
  /** Of version 1, and not to be decrypted. */
  | 'version-1-unreadable'
  /** Of version 1, and what it decrypts to is no resource id. */
  | 'version-1-rubbish';

export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** One sentence for the host's admin. It never holds the token. */
  readonly forLog: string;
}

export const refuse = (reason: RefusalReason, forLog: string): Refusal => ({ ok: false, reason, forLog });
