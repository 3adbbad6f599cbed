/**
 * What command lines have in common that commander reads: it says nothing and ends nothing by itself, faults are told
 * apart by its code, and what was given is looked up by the long name of the option.
 */
import { Command, type CommanderError, Option, type OptionValues } from 'commander';

/** A command that leaves all words to its caller. */
export function silentCommand(name: string): Command {
  return new Command(name)
    .exitOverride()
    .allowExcessArguments()
    .configureOutput({ writeErr: () => undefined });
}

/** An option that may be given several times. */
export const repeatable = (flags: string): Option =>
  new Option(flags).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);

/** The fault in one line. */
export const faultOf = ({ message }: CommanderError): string =>
  message.replace(/^error: /, '').replace(/\s+/g, ' ');

/** What was given; what was not is not there. */
export class GivenOptions {
  readonly #values: OptionValues;

  constructor(values: OptionValues) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#value(name) === true;
  }

  /** `--no-NAME` was given. */
  isRefused(name: string): boolean {
    return this.#value(name) === false;
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#value(name);
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  }

  #value(name: string): unknown {
    return this.#values[name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())];
  }
}
