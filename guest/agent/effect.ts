/** What the pure part of the agent wants done. The daemon does it, in this order. */
import type { LogFields, LogLevel } from '../../shared/log.ts';
import type { Message, Reply } from '../../shared/protocol/message.ts';

export type Effect =
  /** Introduce yourself to the host: LF and `hello`. */
  | { readonly kind: 'greet' }
  | { readonly kind: 'send'; readonly message: Message }
  /** To the local client of that number. */
  | { readonly kind: 'answer'; readonly client: number; readonly reply: Reply }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: LogFields;
    };

export type Emit = (effect: Effect) => void;
