process.stderr.write('vm-connectd: not built yet; this version of pm-kvm-tools cannot do it\n');
process.exitCode = 1;

export {};
