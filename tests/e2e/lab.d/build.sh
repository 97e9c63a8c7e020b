# From sources to the image of a machine. The lab caches what takes long: the build, Debian's packages, the image.

build_programs() {
  say "building kagent"
  quietly build "$repository/packaging/build" "$packages_dir"
}

# Prints the Debian packages that ours depend on, without versions and alternatives.
depended_packages() {
  local package
  for package in "$packages_dir"/*.deb; do dpkg-deb -f "$package" Depends; done |
    tr ',' '\n' | awk 'NF && $1 !~ /^kagent/ { print $1 }' | sort -u
}

# Prints this host's sources of Debian, which the machines use too.
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
  # Without documentation and translations, to keep the image small.
  quietly mmdebstrap mmdebstrap --mode=root --variant=apt --include="$packages" \
    --aptopt="$settings" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$base.part" "$lab_dir/apt.list"
  mv "$base.part" "$base"
}

# Links $lab_dir/image to the image of all machines: base, kagent, Kubernetes and the lab's units. Machines
# overlay it and never write to it. An image with the same content is taken from the cache.
take_image() { # KUBE_DIR or "", BARE (apt, dnf) or ""
  local kind=${2:-full} folder
  folder=$cache_dir/image-$kind-$(image_key "$1" "$2")
  [ -d "$folder" ] || build_image "$1" "$2" "$folder"
  ln -sfn "$folder/root" "$lab_dir/image"
  [ ! -e "$folder/bare.yaml" ] || cp "$folder/bare.yaml" "$lab_dir/"
  forget_images "$kind" "$folder"
}

# Changes with everything that build_image reads.
image_key() { # KUBE_DIR BARE
  {
    echo "$base" "$2"
    sha256sum "$packages_dir"/*.deb
    find "$repository"/tests/{e2e/lab.d,standin} -name __pycache__ -prune -o -type f -print0 | sort -z |
      xargs -0 sha256sum
    [ -z "$1" ] || find "$1"/{bin,cni,manifests} -type f -printf '%p %s %T@\n' 2>/dev/null | sort || true
  } | sha256sum | cut -c1-16
}

build_image() { # KUBE_DIR or "", BARE (apt, dnf) or "", FOLDER
  local root=$3.part/root
  rm -rf "$3.part"
  mkdir -p "$3.part"
  say "making the machine image"
  cp -a --reflink=auto "$base" "$root"
  install_kagent "$root"
  install_lab_units "$root"
  if [ -n "$1" ]; then
    install_real_kubernetes "$1" "$root"
  else
    quietly standin "$repository/tests/standin/install" "$root"
    install -D -m 644 -t "$root/etc/kagent/manifests" "$repository"/tests/standin/manifests/*
  fi
  [ -z "$2" ] || make_bare "$2" "$root" "$3.part/bare.yaml"
  mv "$3.part" "$3"
}

# Removes the cached images of a kind, except FOLDER and those that a lab uses.
forget_images() { # KIND FOLDER
  local folder used
  used=$(readlink "$shared_dir/image" "$shared_dir"/lane*/image || true)
  for folder in "$cache_dir/image-$1"-*; do
    [ "$folder" = "$2" ] || grep -qxF "$folder/root" <<<"$used" || rm -rf "$folder"
  done
}

# Installs the packages as an AMI's builder does. make_machine enables the units.
install_kagent() { # ROOT
  mkdir "$1/tmp/packages"
  cp "$packages_dir"/*.deb "$1/tmp/packages/"
  quietly dpkg chroot "$1" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg --install /tmp/packages/*.deb'
  rm -r "$1/tmp/packages"
  quietly disable systemctl --root="$1" disable kagent-imds.service kagentd.service kagent-user-data.path
}

install_lab_units() { # ROOT
  local root=$1 unit
  # Empty, so that every machine makes its own id. "uninitialized" would run first-boot presets.
  : >"$root/etc/machine-id"
  rm -f "$root/etc/hostname" "$root/var/lib/dbus/machine-id"
  # Settings without a namespace would change the host.
  rm -f "$root"/usr/lib/sysctl.d/*.conf
  for unit in console-getty.service getty.target apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-networkd.service \
    systemd-networkd-wait-online.service systemd-networkd.socket systemd-resolved.service nftables.service etcd.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  install -D -m 755 "$repository/tests/e2e/lab.d/machine-setup" "$root/usr/local/lib/kagent-lab/setup"
  cat >"$root/etc/systemd/system/kagent-lab-setup.service" <<'UNIT'
[Unit]
Description=Address and writable control groups, which a cloud would provide
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
  # No process of a machine may lower its OOM score, so no unit may ask for it.
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
  # As in Kubernetes' own packages.
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
