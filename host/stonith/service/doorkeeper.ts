/**
 * Who may: from a token to the right that it gives, or to a denial.
 *
 * Invariant: the guest that is denied sees neither by the answer nor by its time what was found out about its token.
 * Therefore a denial goes out at a whole multiple of some time, or when nobody waits any more, and whatever is no token of version 2 takes the same way:
 * a name is looked up for it also when none was found in it.
 */
import type { Clock } from '../../../shared/clock.ts';
import type { ServiceRequest } from '../../../shared/protocol/service-client.ts';
import type { FenceBackEnd } from '../desk/back-end.ts';
import type { Grant, Operation } from '../token/grant.ts';
import { readToken, type TokenPolicy } from '../token/read-token.ts';
import { refuse } from '../token/refusal.ts';
import { TOKEN_PREFIX } from '../token/token-text.ts';
import { NameLookUp } from './name-look-up.ts';
import { OneAtATime } from './one-at-a-time.ts';
import type { RequestRecords } from './request-records.ts';

export interface DoorkeeperOptions {
  readonly backEnd: Pick<FenceBackEnd, 'known'>;
  readonly policy: () => TokenPolicy;
  readonly clock: Clock;
  readonly records: Pick<RequestRecords, 'denied'>;
}

/** A denial goes out at a whole multiple of this: what was looked up for it, and for how long, shall not be seen. */
const DENIED_STEP_MS = 250;
const TOO_LATE = refuse('version-1-unreadable', 'its time was over before it was decrypted');
/** No resource and no domain has it. */
const NO_NAME = '';

export class Doorkeeper {
  readonly #options: DoorkeeperOptions;
  readonly #names: NameLookUp;
  /** It may be a program that somebody wrote: however much a guest asks, one of them runs for it. */
  readonly #decrypting = new OneAtATime();

  constructor(options: DoorkeeperOptions) {
    this.#options = options;
    this.#names = new NameLookUp(options.backEnd, options.clock);
  }

  /** What the token allows; undefined: denied, and everybody who is to know has been told why. */
  async authorise(request: ServiceRequest, operation: Operation, token: string): Promise<Grant | undefined> {
    const { clock } = this.#options;
    const sinceMs = clock.nowMs();
    const grant = await this.#judge(request, operation, token);
    if (grant === undefined) {
      const restMs = DENIED_STEP_MS - ((clock.nowMs() - sinceMs) % DENIED_STEP_MS);
      await clock.sleep(Math.max(0, Math.min(restMs, request.timeLeftMs())));
    }
    return grant;
  }

  async #judge(request: ServiceRequest, operation: Operation, token: string): Promise<Grant | undefined> {
    const { clock, records } = this.#options;
    const { guest } = request;
    const policy = this.#options.policy();
    const reading = () => readToken(token, policy, { guest, operation, wallMs: clock.wallMs() });
    const looksLikeV1 = policy.decryptV1 !== undefined && !token.startsWith(`${TOKEN_PREFIX}.`);
    const read = looksLikeV1
      ? await this.#decrypting.run(guest, async () => (request.timeLeftMs() > 0 ? reading() : TOO_LATE))
      : await reading();
    const isKnown = looksLikeV1
      ? await this.#names.isKnown(read.ok ? read.grant.resource : NO_NAME, request.timeLeftMs())
      : undefined;
    if (!read.ok) return records.denied(request, operation, read.reason, read.forLog);
    const { grant } = read;
    if (grant.version === 2 || isKnown === true) return grant;
    const why = isKnown === false ? 'no known virtual machine' : 'not to be looked up just now';
    return records.denied(request, operation, 'version-1-rubbish', `what it decrypts to is ${why}`);
  }
}
