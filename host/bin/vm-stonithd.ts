/** vm-stonithd: fences guests for guests. Wiring only. */
import { type DaemonCommand, runDaemonCommand } from '../../shared/daemon/daemon-command.ts';
import { showDaemonStatus } from '../../shared/daemon/show-status.ts';
import { paths } from '../../shared/paths.ts';

const command: DaemonCommand = {
  program: 'vm-stonithd',
  mode: '',
  purpose:
    'Fences guests that other guests ask for, by the host cluster or by libvirt, and says so only when they are dead.',
  options: [
    ['--backend <name>', 'pacemaker or libvirt (pacemaker where a cluster is configured, else libvirt)'],
    ['--keys <file>', `the keys that seal tokens (${paths.keys})`],
    [
      '-c, --decrypt-command <command>',
      'accept tokens of version 1, too; decrypts them, run without a shell',
    ],
    ['-i, --decrypt-stdin', 'feed it the token on standard input'],
    ['-e, --decrypt-ok-exit <status>', 'its exit status for success (0)'],
    ['--socket <path>', `the socket of vm-connectd (${paths.connectSocket})`],
    ['--libvirt <uri>', "the libvirt of the backend libvirt, this host's own (qemu:///system)"],
  ],
  config: { file: `${paths.configDirectory}/vm-stonithd.conf`, section: 'stonith' },
  closing:
    'SIGHUP reads keys and configuration again, SIGTERM stops it; what it has\nbegun is taken back. SIGUSR2 ends it at once, for a successor that takes that\nup.',
  showStatus: async (_flags, form) => {
    process.stdout.write(await showDaemonStatus('vm-stonithd', paths.stonithSocket, form));
    return 0;
  },
  start: async (flags, log) => {
    const { serve } = await import('../stonith/service/serve.ts');
    return serve(flags, log);
  },
};

void runDaemonCommand(command, process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
