/**
 * The image that all guests boot: a read-only root packed from the files of the packages installed here, a kernel
 * that is installed here too, and a small initramfs. Nothing is downloaded and nothing has to be kept in step.
 *
 * An image is cached under the hash of all that goes into it, and appears there complete or not at all.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { PmError } from '../../shared/errors.ts';
import type { Lab } from './lab-handle.ts';
import { CHECKOUT, IMAGE_CACHE, STATE_ROOT } from './layout.ts';
import { withMachineLock } from './lock.ts';
import {
  GUEST_PACKAGES,
  installCommand,
  installedPackages,
  kernelVersions,
  withoutArchitecture,
} from './packages.ts';
import { type Report, step } from './report.ts';
import { runInLab } from './run-in-lab.ts';

export const IMAGE_FOLDERS = join(IMAGE_CACHE, 'images');

/** In the order in which they are loaded. */
const BOOT_MODULES = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci',
  'drivers/char/virtio_console',
  'drivers/block/virtio_blk',
  'fs/squashfs/squashfs',
  'fs/overlayfs/overlay',
  'net/core/failover',
  'drivers/net/net_failover',
  'drivers/net/virtio_net',
];
/** What fault tests load inside, besides those. */
const MODULE_FOLDERS = ['net', 'lib', 'drivers/md', 'drivers/watchdog', 'fs/fuse', 'fs/ext4', 'fs/jbd2'];
const APPLETS = ['sh', 'mount', 'mkdir', 'insmod', 'chroot', 'switch_root'];
const OTHER_FILES = ['etc/passwd', 'etc/group', 'etc/ld.so.cache'];
/** Folders that stand for themselves only, without what the machine has in them. */
const BARE_FOLDERS = [
  'bin',
  'sbin',
  'lib',
  'lib64',
  'dev',
  'proc',
  'sys',
  'tmp',
  'run',
  'var',
  'etc',
  'root',
];
const UNWANTED = /^usr\/(share\/(doc|man|locale|info|lintian)|include)\//;
/** Older images that are kept, for other checkouts and branches. */
const KEPT_IMAGES = 4;

/** The name of the image's folder below IMAGE_FOLDERS. It costs a few milliseconds, so it is asked at each start. */
function imageKey(): string {
  const node = statSync(process.execPath);
  const parts = [
    readFileSync('/var/lib/dpkg/status'),
    kernelVersion(),
    `${process.version} ${node.size} ${node.mtimeMs}`,
    GUEST_PACKAGES.join(),
    readFileSync(import.meta.filename),
    readFileSync(initScript),
  ];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

const hasImage = (key: string) => existsSync(join(IMAGE_FOLDERS, key));
/** Which image a laboratory uses, in its state directory. */
const USED_IMAGE = 'image-in-use';

/** The image of this laboratory, packed where it is not there yet. One laboratory at a time packs and drops images. */
export async function provideImage(lab: Lab, report: Report): Promise<string> {
  const key = imageKey();
  await withMachineLock('images', async () => {
    if (!hasImage(key)) await step(report, 'image for the guests packed', () => buildImage(lab, key));
    writeFileSync(join(lab.layout.state, USED_IMAGE), key);
    pruneImages(key);
  });
  return key;
}

async function buildImage(lab: Lab, key: string): Promise<void> {
  const finished = join(IMAGE_FOLDERS, key);
  const work = join(lab.layout.state, 'image-work');
  const packed = `${finished}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  mkdirSync(packed, { recursive: true });
  await Promise.all([
    packRoot(lab, work, join(packed, 'root.sqfs')),
    packInitramfs(lab, join(work, 'initramfs'), join(packed, 'initrd')),
  ]);
  copyFileSync(`/boot/vmlinuz-${kernelVersion()}`, join(packed, 'vmlinuz'));
  rmSync(work, { recursive: true });
  renameSync(packed, finished);
}

/** Drops what a killed build has left, and the images that were not used for longest; none that a laboratory uses. */
function pruneImages(key: string): void {
  const now = new Date();
  utimesSync(join(IMAGE_FOLDERS, key), now, now);
  const folders = readdirSync(IMAGE_FOLDERS).map((name) => ({
    name,
    unfinished: name.includes('.'),
    ageMs: now.getTime() - statSync(join(IMAGE_FOLDERS, name)).mtimeMs,
  }));
  const used = imagesInUse();
  const old = folders
    .filter(({ unfinished }) => !unfinished)
    .sort((a, b) => a.ageMs - b.ageMs)
    .slice(KEPT_IMAGES)
    .filter(({ name }) => !used.has(name));
  const abandoned = folders.filter(({ unfinished }) => unfinished);
  for (const { name } of [...old, ...abandoned]) {
    rmSync(join(IMAGE_FOLDERS, name), { recursive: true, force: true });
  }
}

function imagesInUse(): Set<string> {
  const files = readdirSync(STATE_ROOT).map((name) => join(STATE_ROOT, name, USED_IMAGE));
  return new Set(files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8')));
}

const initScript = join(CHECKOUT, 'test/lab/initramfs-init.sh');

/** The cloud kernel where there is one: it is small, and has all that a guest needs. */
function kernelVersion(): string {
  const versions = kernelVersions();
  const version =
    versions
      .filter((one) => one.includes('cloud'))
      .sort()
      .at(-1) ?? versions.sort().at(-1);
  if (version !== undefined) return version;
  throw new PmError({
    code: 'environment',
    what: 'cannot make an image for the guests',
    fault: 'no kernel is installed in /boot and /lib/modules',
    remedy: `install one: ${installCommand(['linux-image-cloud-amd64'])}`,
  });
}

async function packRoot(lab: Lab, work: string, target: string): Promise<void> {
  const list = join(work, 'files');
  const files = await filesOfPackages(lab);
  writeFileSync(list, `${[...files, ...moduleFiles(), ...BARE_FOLDERS].join('\n')}\n`);
  const pipeline = `tar --no-recursion --ignore-failed-read --warning=no-failed-read -C / -c -T "$1" |
    sqfstar -comp lz4 -quiet -no-progress -force "$2"`;
  await runInLab(lab, ['/bin/bash', '--norc', '-o', 'pipefail', '-c', pipeline, 'pack', list, target]);
  chmodSync(target, 0o644);
}

/** The files of the wanted packages and all that they depend on, and node with what it links to. */
async function filesOfPackages(lab: Lab): Promise<string[]> {
  const apt = ['apt-cache', 'depends', '--recurse', '--installed', '--no-recommends', '--no-suggests'];
  const noise = ['--no-conflicts', '--no-breaks', '--no-replaces', '--no-enhances'];
  const closure = await runInLab(lab, [...apt, ...noise, ...GUEST_PACKAGES]);
  const lines = closure.split('\n').filter((line) => /^[a-z0-9]/.test(line));
  const names = new Set(lines.map(withoutArchitecture));
  const installed = (await installedPackages()).filter((name) => names.has(withoutArchitecture(name)));
  const listed = (await runInLab(lab, ['dpkg-query', '--listfiles', ...installed])).split('\n');
  const libraries = (await runInLab(lab, ['ldd', process.execPath])).match(/\/[^ ]+/g) ?? [];
  const alternatives = alternativeLinks();
  const linked = libraries.map((path) => realpathSync(path));
  const all = [...listed, ...alternatives, ...libraries, ...linked, process.execPath];
  const paths = new Set([...all.filter((path) => path.startsWith('/')).map(inMergedUsr), ...OTHER_FILES]);
  return [...paths].filter((path) => !UNWANTED.test(path) && isFile(path));
}

/** What update-alternatives has made, such as /usr/bin/awk: no package lists it. */
function alternativeLinks(): string[] {
  const chosen = readdirSync('/etc/alternatives').map((name) => `/etc/alternatives/${name}`);
  const known = readdirSync('/var/lib/dpkg/alternatives')
    .flatMap((name) => readFileSync(`/var/lib/dpkg/alternatives/${name}`, 'utf8').split('\n'))
    .filter((line) => line.startsWith('/') && isLinkInto(line, '/etc/alternatives/'));
  return [...chosen, ...known];
}

function isLinkInto(path: string, folder: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() === true && readlinkSync(path).startsWith(folder);
}

/** dpkg names files as their package does; in the tree /lib, /bin and /sbin are links into /usr. */
const inMergedUsr = (path: string) => path.slice(1).replace(/^(lib|bin|sbin|lib64)\//, 'usr/$1/');

function isFile(path: string): boolean {
  const found = lstatSync(join('/', path), { throwIfNoEntry: false });
  return found !== undefined && (found.isFile() || found.isSymbolicLink());
}

function moduleFiles(): string[] {
  const base = `/lib/modules/${kernelVersion()}`;
  const tables = readdirSync(base)
    .filter((name) => name.startsWith('modules.'))
    .map((name) => join(base, name));
  const modules = MODULE_FOLDERS.map((folder) => join(base, 'kernel', folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((path) => path.endsWith('.ko'));
  return [...tables, ...modules].map(inMergedUsr);
}

async function packInitramfs(lab: Lab, root: string, target: string): Promise<void> {
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules', 'lower', 'layer', 'root']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  for (const module of BOOT_MODULES) {
    const file = `/lib/modules/${kernelVersion()}/kernel/${module}.ko`;
    copyFileSync(file, join(root, 'modules', basename(file)));
  }
  writeFileSync(join(root, 'modules/order'), BOOT_MODULES.map((module) => `${basename(module)}\n`).join(''));
  copyFileSync(initScript, join(root, 'init'));
  chmodSync(join(root, 'init'), 0o755);
  const pipeline = 'cd "$1" && find . | cpio -o -H newc --quiet | gzip -1 >"$2"';
  await runInLab(lab, ['/bin/bash', '--norc', '-o', 'pipefail', '-c', pipeline, 'pack', root, target]);
}
