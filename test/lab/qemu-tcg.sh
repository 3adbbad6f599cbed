#!/bin/bash
# QEMU for guests without KVM: as libvirt calls it, with 8 KiB more memory than it says.
#
# QEMU 7.2 loses writes when a TCG guest migrates: having cleared the dirty bits of a block of memory it forgets to tell
# the processors, but only where the block's size is a multiple of 256 KiB (mended upstream in 9.0, "physmem: Fix
# migration dirty bitmap coherency with TCG memory access"). libvirt knows no other sizes.
arguments=()
for argument; do
  if [[ $argument =~ ^(.*\"id\":\"pc.ram\",\"size\":)([0-9]+)(.*)$ ]]; then
    argument=${BASH_REMATCH[1]}$((BASH_REMATCH[2] + 8192))${BASH_REMATCH[3]}
  elif [[ ${arguments[-1]:-} == -m && $argument =~ ^[0-9]+$ ]]; then
    argument=$((argument * 1024 + 8))k
  fi
  arguments+=("$argument")
done
exec /usr/bin/qemu-system-x86_64 "${arguments[@]}"
