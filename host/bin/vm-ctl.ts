/** The wiring of vm-ctl. The version is told before anything else is loaded. */
import { outliveReaders } from '../../shared/outlive-readers.ts';
import { VERSION } from '../../shared/version.ts';

outliveReaders();
const argv = process.argv.slice(2);
if (argv[0] === '--version' || argv[0] === '-V') {
  process.stdout.write(`vm-ctl ${VERSION}\n`);
} else {
  void (async () => {
    const { main } = await import('../ctl/main.ts');
    process.exitCode = await main(argv);
  })();
}
