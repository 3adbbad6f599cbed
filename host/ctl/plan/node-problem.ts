/** A node that the cluster does not have, with those that it has. */
import { type Message, message } from '../messages/message.ts';

export function nodeProblem(node: string, nodes: readonly string[]): Message {
  return message('node-unknown', { node, nodes: nodes.length === 0 ? '-' : nodes.join(', ') });
}
