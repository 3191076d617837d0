#!/bin/bash
# Build the lab's base image: a stock Debian 12 server with an offline apt repository inside it, a kernel and a tiny initramfs.
# usage: LAB_PASSWORD=... image.sh LAB_DIRECTORY          needs root; about two minutes
# LAB_PLAIN=1 preinstalls nothing: really bare servers, on which the packages then take more than ten minutes.
# Result: LAB_DIRECTORY/image/{base.qcow2,vmlinuz,initrd.gz,id_lab,id_lab.pub,manifest.txt}
set -euo pipefail
LAB=$1; HERE=$(cd "$(dirname "$0")" && pwd); OUT=$LAB/image; WORK=$LAB/work; R=$WORK/root; I=$WORK/initrd
SUITE=bookworm; ROOT_MIB=3072
BASE=systemd,systemd-sysv,dbus,udev,openssh-server,sudo,iproute2,iputils-ping,iputils-arping,kmod,procps,e2fsprogs,ifupdown,less,linux-image-cloud-amd64
mkdir -p "$OUT" "$WORK"
[ -f "$OUT/id_lab" ] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$OUT/id_lab"
mapfile -t offered < <(sed -n 's/^+\{0,1\}\([a-z]\)/\1/p' "$HERE/packages.txt")
mapfile -t preinstalled < <(sed -n 's/^+//p' "$HERE/packages.txt")
inside() { DEBIAN_FRONTEND=noninteractive chroot "$R" "$@"; }

echo "== 1/5 Debian $SUITE"
rm -rf "$R"
mmdebstrap --mode=root --format=directory --variant=minbase --components=main --include="$BASE" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='force-unsafe-io' "$SUITE" "$R" >"$WORK/mmdebstrap.log" 2>&1

echo "== 2/5 offline repository, then the preinstalled packages"
cp /etc/resolv.conf "$R/etc/resolv.conf"
mkdir -p "$R/srv/packages"
inside apt-get -o APT::Sandbox::User=root update -qq
inside apt-get -o APT::Sandbox::User=root -y -qq --no-install-recommends --download-only install "${offered[@]}" >"$WORK/download.log"
mv "$R"/var/cache/apt/archives/*.deb "$R/srv/packages/"
(cd "$R/srv/packages" && apt-ftparchive packages . >Packages && apt-ftparchive release . >Release)
rm -rf "$R"/var/lib/apt/lists/* "$R/etc/apt/sources.list" "$R"/etc/apt/sources.list.d/* "$R/etc/resolv.conf"
mkdir -p "$R/var/lib/apt/lists/partial"
echo 'deb [trusted=yes] file:/srv/packages ./' >"$R/etc/apt/sources.list"
echo 'Acquire::Languages "none";' >"$R/etc/apt/apt.conf.d/99lab"
inside apt-get -o APT::Sandbox::User=root update -qq
if [ -z "${LAB_PLAIN:-}" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$R/usr/sbin/policy-rc.d"; chmod 755 "$R/usr/sbin/policy-rc.d"
  inside apt-get install -y --no-install-recommends "${preinstalled[@]}" >"$WORK/preinstall.log" 2>&1
  rm "$R/usr/sbin/policy-rc.d"
  inside systemctl -q disable smartmontools krb5-kdc krb5-admin-server
fi

echo "== 3/5 configuration"
install -d -m 700 "$R/root/.ssh"; cp "$OUT/id_lab.pub" "$R/root/.ssh/authorized_keys"
inside useradd -m -s /bin/bash sysop
echo "sysop:$LAB_PASSWORD" | inside chpasswd
echo 'sysop ALL=(ALL) NOPASSWD: ALL' >"$R/etc/sudoers.d/sysop"; chmod 440 "$R/etc/sudoers.d/sysop"
printf 'UseDNS no\nPasswordAuthentication yes\nMaxStartups 50\n' >"$R/etc/ssh/sshd_config.d/lab.conf"
for name in alpha beta client; do   # the initramfs moves each machine's own host keys into place
  mkdir -p "$R/etc/ssh/$name/etc/ssh"; ssh-keygen -q -A -f "$R/etc/ssh/$name"; mv "$R/etc/ssh/$name"/etc/ssh/* "$R/etc/ssh/$name/"
  rm -r "$R/etc/ssh/$name/etc"
done
rm -f "$R"/etc/ssh/ssh_host_*
echo '# / is mounted read-write by the lab initramfs' >"$R/etc/fstab"
echo update_initramfs=no >"$R/etc/initramfs-tools/update-initramfs.conf"   # the lab boots its own initramfs
ln -sf /usr/share/zoneinfo/UTC "$R/etc/localtime"
: >"$R/etc/machine-id"
# Units that only cost boot time in an emulated machine. This is a deviation from a default server.
for u in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  getty@tty1.service systemd-networkd-wait-online.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
  systemd-hwdb-update.service systemd-pstore.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service \
  ifupdown-pre.service systemd-logind.service modprobe@loop.service modprobe@configfs.service modprobe@dm_mod.service \
  systemd-random-seed.service getty-static.service serial-getty@ttyS0.service getty.target kmod-static-nodes.service \
  systemd-remount-fs.service systemd-fsck-root.service dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
  proc-sys-fs-binfmt_misc.automount systemd-ask-password-wall.path systemd-ask-password-console.path dev-hugepages.mount \
  sys-kernel-debug.mount sys-kernel-tracing.mount systemd-binfmt.service; do
  ln -sf /dev/null "$R/etc/systemd/system/$u"; done
# Emulation is about ten times slower than metal: systemd must not give up.
mkdir -p "$R/etc/systemd/system.conf.d"; printf '[Manager]\nDefaultTimeoutStartSec=240s\n' >"$R/etc/systemd/system.conf.d/lab.conf"
mkdir -p "$R/var/log/journal"; printf '[Journal]\nStorage=persistent\nSyncIntervalSec=1s\n' >"$R/etc/systemd/journald.conf"

echo "== 4/5 kernel and initramfs (busybox and virtio; writes the machine's identity, then switch_root)"
V=$(ls "$R/usr/lib/modules"); cp "$R/boot/vmlinuz-$V" "$OUT/vmlinuz"; rm -f "$R"/boot/initrd.img-*
rm -rf "$I"; mkdir -p "$I"/{bin,dev,proc,sys,mnt,m}
cp "$(command -v busybox)" "$I/bin/busybox"
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk failover net_failover virtio_net virtio-rng; do
  cp "$(find "$R/usr/lib/modules/$V" -name "$m.ko")" "$I/m/"; done
cp "$HERE/initramfs-init" "$I/init"; chmod 755 "$I/init"
(cd "$I" && find . | cpio -o -H newc --quiet | gzip -1) >"$OUT/initrd.gz"

echo "== 5/5 disk image"
inside dpkg-query -W -f '${Package} ${Version}\n' >"$OUT/manifest.txt"
RAW=$WORK/base.raw; rm -f "$RAW"; truncate -s ${ROOT_MIB}M "$RAW"
printf 'label: dos\nstart=2048, type=83, bootable\n' | sfdisk -q "$RAW"
mke2fs -q -t ext4 -O ^metadata_csum -m 0 -L root -E offset=1048576,lazy_itable_init=0 -d "$R" "$RAW" $(((ROOT_MIB - 1) * 1024))k
rm -f "$OUT/base.qcow2"; qemu-img convert -f raw -O qcow2 "$RAW" "$OUT/base.qcow2"
rm -rf "$RAW" "$R" "$I"
