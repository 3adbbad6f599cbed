/** What went over one guest's links since this process began. */

export interface LinkCounts {
  framesIn: number;
  bytesIn: number;
  framesOut: number;
  bytesOut: number;
  /** Runs of bytes that were no frame. */
  garbageRuns: number;
  garbageBytes: number;
  /** Times that a connection came about, was lost, or did not come about. */
  linked: number;
  lost: number;
  failed: number;
  /** Times that reading paused because more came than is allowed. */
  throttled: number;
  /** Times that reading paused because the guest did not read. */
  unread: number;
  /** Frames for which there was no room or no link of the right version. */
  dropped: number;
  /** Times that the link was dropped for garbage. */
  penalties: number;
  /** Connections that QEMU made while another was open. */
  secondConnections: number;
  /** Faults of the socket that QEMU connects to, after it has been in order. */
  troubles: number;
  /** Greetings of the agent. */
  hellos: number;
  /** Frames that came while the link was dropped for garbage. */
  ignored: number;
}

export const newLinkCounts = (): LinkCounts => ({
  framesIn: 0,
  bytesIn: 0,
  framesOut: 0,
  bytesOut: 0,
  garbageRuns: 0,
  garbageBytes: 0,
  linked: 0,
  lost: 0,
  failed: 0,
  throttled: 0,
  unread: 0,
  dropped: 0,
  penalties: 0,
  secondConnections: 0,
  troubles: 0,
  hellos: 0,
  ignored: 0,
});
