/** `vm-connectd --status`: asks the daemon that runs, and shows it to people or programs. */

import { visibleJson } from '../../../shared/visible.ts';
import { askHostStatus } from './ask-host-status.ts';
import { hostMetrics } from './host-metrics.ts';
import { printHostStatus } from './print-host-status.ts';

export type StatusForm = 'text' | 'json' | 'prometheus';

export async function showHostStatus(socketPath: string, form: StatusForm): Promise<string> {
  const status = await askHostStatus(socketPath);
  switch (form) {
    case 'json': {
      const { next: _next, ...whole } = status;
      return `${visibleJson({ role: 'host', ...whole }, 2)}\n`;
    }
    case 'prometheus':
      return hostMetrics(status);
    case 'text':
      return printHostStatus(status);
  }
}
