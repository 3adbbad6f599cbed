/** Names of machines that virsh takes for something else, and some that only look so. */

/** Each with what it is to virsh; of this process alone, for who looks for processes on the whole machine. */
const NUMBER = String(process.pid);
const HEX = NUMBER.padStart(32, 'a');
export const MISREAD_NAMES: readonly (readonly [string, string])[] = [
  [NUMBER, 'an id'],
  [`00${NUMBER}`, 'an id'],
  [`+${NUMBER}`, 'an id'],
  [`-${NUMBER}`, 'an id'],
  [`0x${NUMBER}`, 'an id'],
  [HEX, 'a UUID'],
  [HEX.toUpperCase(), 'a UUID'],
  [HEX.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), 'a UUID'],
  [`web ${NUMBER}`, 'several words'],
  [` ${NUMBER}`, 'several words'],
  [`web\t${NUMBER}`, 'several words'],
  [`--web${NUMBER}`, 'an option'],
  [`-ab${NUMBER}`, 'an option'],
];
export const PLAIN_NAMES: readonly string[] = [
  ...['web1', 'db-2', 'deadbeef', '12a', '1e3', '0xg', '12.', 'x12', 'a+1', '12-3'],
  ...['a'.repeat(31), 'a'.repeat(33)],
];
