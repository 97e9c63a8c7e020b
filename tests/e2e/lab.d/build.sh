# From sources to the image of a machine. What is dear is cached: the build, Debian's packages.

build_programs() {
  say "building kagent"
  quietly build "$repository/packaging/build" "$lab_dir/packages"
}

# Debian packages that ours depend on; alternatives and versions are apt's to choose.
depended_packages() {
  local package
  for package in "$lab_dir"/packages/*.deb; do dpkg-deb -f "$package" Depends; done |
    tr ',' '\n' | awk 'NF && $1 !~ /^kagent/ { print $1 }' | sort -u
}

# Where this host gets Debian from is where the machines get it from.
debian_sources() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    'Origin: Debian' | awk '$2 ~ /^bookworm/ { print "deb", $1, $2, $3 }' | sort -u
}

# Sets `base`: the folder with Debian and its packages, made once for each list of packages.
build_base() {
  local packages key sources settings
  packages=$({ "$repository/tests/install-deps" --print-machine; depended_packages; } | sort -u |
    paste -sd,)
  key=$(sha256sum <<<"$packages" | cut -c1-16)
  base=$cache_dir/base-$key
  [ ! -d "$base" ] || return 0
  say "making the base image of Debian packages (once)"
  sources=$(debian_sources)
  if [ -z "$sources" ]; then
    quietly apt apt-get update
    sources=$(debian_sources)
  fi
  [ -n "$sources" ] || die "no apt source of Debian bookworm found on this host"
  settings=$lab_dir/apt.conf
  echo "$sources" >"$lab_dir/apt.list"
  apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries|ForceIPv4|Languages)' >"$settings" ||
    true
  rm -rf "$cache_dir"/base-*
  mkdir -p "$cache_dir"
  # The host's documentation and translations are left out: machines are many.
  quietly mmdebstrap mmdebstrap --mode=root --variant=apt --include="$packages" \
    --aptopt="$settings" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$base.part" "$lab_dir/apt.list"
  mv "$base.part" "$base"
}

# Sets `image`: base, kagent, Kubernetes and what makes it a machine of the lab. All machines are the
# same; a new one has a new name, for running machines are laid over theirs.
build_image() { # KUBE_DIR or "", BARE (apt, dnf) or ""
  image=$lab_dir/image
  rm -rf "$image" "$image.part"
  say "making the machine image"
  cp -a --reflink=auto "$base" "$image.part"
  install_kagent "$image.part"
  install_lab_units "$image.part"
  if [ -n "$1" ]; then
    install_real_kubernetes "$1" "$image.part"
  else
    quietly standin "$repository/tests/standin/install" "$image.part"
    install -D -m 644 -t "$image.part/etc/kagent/manifests" "$repository"/tests/standin/manifests/*
    cp "$lab_dir/standin.conf" "$image.part/etc/standin.conf"
  fi
  [ -z "$2" ] || make_bare "$2" "$image.part"
  mv "$image.part" "$image"
}

# As an AMI's builder does; make_machine says on which machine they are started.
install_kagent() { # ROOT
  mkdir "$1/tmp/packages"
  cp "$lab_dir"/packages/*.deb "$1/tmp/packages/"
  quietly dpkg chroot "$1" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg --install /tmp/packages/*.deb'
  rm -r "$1/tmp/packages"
  quietly disable systemctl --root="$1" disable kagent-imds.service kagentd.service kagent-user-data.path
}

install_lab_units() { # ROOT
  local root=$1 unit
  # Empty, so that every machine makes its own; uninitialized would run first-boot presets.
  : >"$root/etc/machine-id"
  rm -f "$root/etc/hostname" "$root/var/lib/dbus/machine-id"
  # Settings without a namespace would be the host's.
  rm -f "$root"/usr/lib/sysctl.d/*.conf
  for unit in console-getty.service getty.target apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-networkd.service \
    systemd-networkd-wait-online.service systemd-networkd.socket systemd-resolved.service nftables.service etcd.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  install -D -m 755 "$repository/tests/e2e/lab.d/machine-setup" "$root/usr/local/lib/kagent-lab/setup"
  cat >"$root/etc/systemd/system/kagent-lab-setup.service" <<'UNIT'
[Unit]
Description=What the lab does in place of a cloud: address, writable control groups
DefaultDependencies=no
Wants=network-pre.target network.target network-online.target
Before=network-pre.target network.target network-online.target sysinit.target
After=local-fs-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/kagent-lab/setup
UNIT
  mkdir -p "$root/etc/systemd/system/sysinit.target.wants"
  ln -sf ../kagent-lab-setup.service "$root/etc/systemd/system/sysinit.target.wants/"
  echo 'policy: disabled' >"$root/etc/cloud/ds-identify.cfg"
  # Nothing here may raise its score, and nothing needs to.
  mkdir -p "$root"/etc/systemd/system/{containerd,docker}.service.d "$root/etc/systemd/system.conf.d"
  for unit in containerd docker; do
    printf '[Service]\nOOMScoreAdjust=0\n' >"$root/etc/systemd/system/$unit.service.d/kagent-lab.conf"
  done
  printf '[Manager]\nDefaultTimeoutStopSec=10s\n' >"$root/etc/systemd/system.conf.d/kagent-lab.conf"
}

install_real_kubernetes() { # KUBE_DIR ROOT
  local dir=$1 root=$2
  install -m 755 -t "$root/usr/bin" "$dir"/bin/*
  mkdir -p "$root/opt/cni/bin" "$root/etc/kagent/manifests" "$root/var/lib/kagent-images"
  [ ! -d "$dir/cni" ] || install -m 755 -t "$root/opt/cni/bin" "$dir"/cni/*
  [ ! -d "$dir/manifests" ] || install -m 644 -t "$root/etc/kagent/manifests" "$dir"/manifests/*
  # As Kubernetes' own packages have them.
  mkdir -p "$root/usr/lib/systemd/system/kubelet.service.d" "$root/etc/kubernetes/manifests"
  cat >"$root/usr/lib/systemd/system/kubelet.service" <<'UNIT'
[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/home/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
  cat >"$root/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf" <<'UNIT'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
UNIT
}
