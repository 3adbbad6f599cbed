/**
 * Files in the syntax of vm-ctl.conf, and files that just miss it, for tests.
 *
 * Their letters spell no command, so that bash can be given any of them.
 */
import fc from 'fast-check';

export const SETTING_NAMES = ['vm_a', 'vm_b', 'vm_c', 'vm_d'] as const;

const LETTERS = [...'abxyé設　\u00a0🎉'];
const HARMLESS = [...'0.,/:=#~!^%@+-_]}'];
const PATTERNS = [...'*?[{'];
const SPECIAL = [...'$`\\"\';&|<>() \t'];
const ANY = [...LETTERS, ...HARMLESS, ...PATTERNS, ...SPECIAL];

const textOf = (chars: readonly string[], maxLength = 6) =>
  fc.string({ unit: fc.constantFrom(...chars), maxLength });

/** Parts of a word that the shell joins. */
const partOf = (bare: readonly string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: textOf(bare) },
    textOf(ANY.filter((char) => char !== "'")).map((text) => `'${text}'`),
    fc
      .array(
        fc.oneof(
          fc.constantFrom(...ANY.filter((char) => !'$`"\\'.includes(char))),
          fc.constantFrom(...ANY).map((char) => `\\${char}`),
          fc.constant('\\\n'),
        ),
        { maxLength: 6 },
      )
      .map((pieces) => `"${pieces.join('')}"`),
    fc.constantFrom(...ANY).map((char) => `\\${char}`),
    fc.constant('\\\n'),
  );

const wordOf = (bare: readonly string[]) =>
  fc.array(partOf(bare), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));

const value = wordOf([...LETTERS, ...HARMLESS, ...PATTERNS]);
const element = wordOf([...LETTERS, ...HARMLESS]);
const comment = textOf(ANY, 12).map((text) => `#${text}`);
const gap = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(' ', '\t', '\n', ' \n ', ' \\\n ') },
  comment.map((text) => ` ${text}\n`),
);
const list = fc
  .tuple(fc.constantFrom('', ' ', '\n'), fc.array(fc.tuple(element, gap), { maxLength: 4 }))
  .map(([first, elements]) => `(${first}${elements.flat().join('')})`);

const setting = fc
  .tuple(fc.constantFrom(...SETTING_NAMES), fc.oneof(fc.constant(''), value, list))
  .map(([name, written]) => `${name}=${written}`);

const line = fc
  .tuple(
    fc.constantFrom('', ' ', '\t'),
    fc.oneof({ weight: 4, arbitrary: setting }, fc.constant(''), comment),
    fc.oneof(
      fc.constantFrom('', ' '),
      comment.map((text) => ` ${text}`),
    ),
  )
  .map((parts) => parts.join(''));

/** Mostly valid: a list before a plain value of the same name, say, or a tilde at a start, is not. */
export const shellFile = fc
  .array(line, { maxLength: 5 })
  .map((lines) => lines.map((text) => `${text}\n`).join(''));

/** A file with a few characters lost, added or changed. */
export const nearMiss = fc
  .tuple(
    shellFile,
    fc.array(
      fc.record({
        at: fc.nat(200),
        lost: fc.nat(2),
        added: fc.oneof(
          textOf([...ANY, '\n', '\r', '\0', '\uFEFF', '\uFFFD'], 2),
          fc.constantFrom('=~', ':~', '~/', ':~/', '=~/', '{a,b}', '[ab]', '\\\n'),
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([text, edits]) => {
    const chars = [...text];
    for (const { at, lost, added } of edits) chars.splice(at % (chars.length + 1), lost, added);
    return chars.join('');
  });
