/** Frames of local programs that should not have come. */
export interface LocalFrameCounts {
  badMessages: number;
  unknownTypes: number;
  /** Of a kind that a local program does not send to this daemon. */
  unexpected: number;
}

export const newLocalFrameCounts = (): LocalFrameCounts => ({
  badMessages: 0,
  unknownTypes: 0,
  unexpected: 0,
});
