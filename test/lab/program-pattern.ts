/** What pgrep and pkill know a program of ours by, and the words that it was started with. */
export const programPattern = (words: string): string => `^[^ ]*node [^ ]*/sbin/${words}`;
