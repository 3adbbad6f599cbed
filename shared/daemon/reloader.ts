/**
 * SIGHUP: read the configuration again. From the first moment on, for the signal would end a process that has no
 * handler for it; a hangup while the daemon starts is answered as soon as it runs. One reload at a time; any number
 * of hangups during one make one more.
 */
import { linesOf } from '../errors.ts';
import type { Logger } from '../log.ts';

export interface Reloader {
  /** From now on hangups have this effect. */
  begin(reload: () => Promise<void>): void;
  /** From now on they have none; resolves when none is under way. */
  end(): Promise<void>;
}

export function reloadOnHangup(log: Logger): Reloader {
  let reload: (() => Promise<void>) | undefined;
  let isAsked = false;
  let underWay: Promise<void> | undefined;

  const reloadWhileAsked = async (action: () => Promise<void>) => {
    do {
      isAsked = false;
      try {
        await action();
        log.info('configuration read again');
      } catch (thrown) {
        const lines = linesOf(thrown);
        for (const line of lines.slice(0, -1)) log.error(line);
        log.error('the former configuration stays in force', { reason: lines.at(-1) });
      }
    } while (isAsked && reload !== undefined);
    underWay = undefined;
  };
  const next = () => {
    if (isAsked && reload !== undefined) underWay ??= reloadWhileAsked(reload);
  };
  process.on('SIGHUP', () => {
    isAsked = true;
    next();
  });
  return {
    begin(action) {
      reload = action;
      next();
    },
    async end() {
      reload = undefined;
      await underWay;
    },
  };
}
