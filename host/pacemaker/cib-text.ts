/**
 * What text Pacemaker can carry.
 *
 * Pacemaker 2.1.5 writes XML with an escape function of its own: a line break becomes the two characters `\n`, a tab
 * four blanks, other control characters octal; and from the first character that is not ASCII on *nothing* is
 * escaped any more. `ゲスト & <x>` then breaks the document: a value is lost, a configuration file is destroyed, a
 * tool waits for an answer until its deadline, or a hostile name adds elements. Such text is refused here.
 */
import { quoted } from '../../shared/visible.ts';

/** Why Pacemaker can't carry a text as an attribute's value; undefined if it can. */
export function cibTextFault(text: string): string | undefined {
  if (/[\u0000-\u001f\u007f\ufffe\uffff]|\p{Surrogate}/u.test(text)) {
    return `Pacemaker can't keep the control characters in ${quoted(text)}`;
  }
  if (/[^\u0000-\u007f].*[<&"]/su.test(text)) {
    return `Pacemaker can't keep <, & or " behind a character that is not ASCII, as in ${quoted(text)}`;
  }
  return undefined;
}
