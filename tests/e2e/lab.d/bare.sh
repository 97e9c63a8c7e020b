# Machines without container runtime and Kubernetes, and two package repositories: the distribution's, which the
# machines know, and Kubernetes', which the ClusterConfig names.

packages_inside=/var/lib/kagent-packages
bare_packages=(containerd runc conntrack socat ethtool)
standin_version=$(sed -n 's/^VERSION = "v\(.*\)"$/\1/p' "$repository/tests/standin/lib/conf.py")

# Sets `pool` to a folder with the Debian packages that BARE (apt or dnf) machines lack. Each base has its own pool.
build_pool() { # BARE
  local wanted=("${bare_packages[@]}" docker.io) status=$lab_dir/bare-status
  [ "$1" = apt ] || wanted=(dnf rpm "${bare_packages[@]}")
  pool=$cache_dir/pool-$1-${base##*/base-}
  [ ! -d "$pool" ] || return 0
  say "downloading the Debian packages of bare machines (once)"
  rm -rf "$cache_dir/pool-$1"-*
  mkdir -p "$pool.part/partial"
  without_packages "$base/var/lib/dpkg/status" >"$status"
  quietly pool apt-get -q -y --download-only --no-install-recommends install \
    -o Dir::State::Status="$status" -o Dir::Cache::Archives="$pool.part" -o APT::Sandbox::User=root \
    "${wanted[@]}"
  rm -rf "$status" "$pool.part/partial" "$pool.part/lock"
  mv "$pool.part" "$pool"
}

without_packages() { # STATUS-FILE: prints dpkg's status without bare_packages
  awk -v RS= -v ORS='\n\n' -v names=" ${bare_packages[*]} " '
    { split($1 == "Package:" ? $2 : "", name, " ") } index(names, " " name[1] " ") == 0' "$1"
}

# Removes from the image what the nodes must install, and adds the repositories.
make_bare() { # BARE ROOT CONFIG: the part of the ClusterConfig that says where the packages are
  local bare=$1 root=$2 out=$2$packages_inside
  say "making the machines bare, for $bare"
  build_pool "$bare"
  quietly purge chroot "$root" dpkg --purge --force-depends "${bare_packages[@]}"
  rm -f "$root"/usr/bin/{kubelet,kubeadm,kubectl,crictl} "$root/usr/lib/systemd/system/kubelet.service"
  rm -rf "$root/usr/lib/kagent-standin" "$root/etc/systemd/system/kubelet.service.d" "$root/etc/containerd"
  mkdir -p "$out"
  "bare_$bare" "$root" "$out"
  cat >"$3" <<YAML
kubernetesVersion: v$standin_version
packages:
  mode: install
  repository: file://$packages_inside/kubernetes
  allowUnsigned: $([ "$bare" = dnf ] && echo true || echo false)
YAML
}

bare_apt() { # ROOT FOLDER
  quietly repositories "$repository/tests/e2e/lab.d/repositories" deb "$pool" "$2" "$lab_dir/packages-work"
  mkdir -p "$2/images"
  image_archive "$2/images/kubernetes.tar"
  echo "deb [trusted=yes] file:$packages_inside/debian ./" >"$1/etc/apt/sources.list.d/0000apt.list"
}

# An archive of the images that kubeadm wants, without content. dockerd has nothing to pull from in the lab.
image_archive() { # FILE
  STANDIN_ROOT=$lab_dir "$repository/tests/standin/bin/kubeadm" config images list |
    xargs "$repository/tests/e2e/lab.d/image-archive" "$1"
}

bare_dnf() { # ROOT FOLDER
  quietly repositories "$repository/tests/e2e/lab.d/repositories" rpm "$pool" "$2" "$lab_dir/packages-work"
  mkdir -p "$1/var/cache/pool"
  cp "$pool"/*.deb "$1/var/cache/pool/"
  rm -f "$1"/var/cache/pool/{containerd,runc,conntrack,socat,ethtool}_*.deb
  quietly dnf chroot "$1" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg --install /var/cache/pool/*.deb'
  rm -rf "$1/var/cache/pool" "$1"/usr/bin/apt*
  mkdir -p "$1/etc/yum.repos.d" "$1/etc/dnf/vars"
  cat >"$1/etc/yum.repos.d/distribution.repo" <<REPO
[distribution]
name=The distribution
baseurl=file://$packages_inside/distribution
gpgcheck=0
REPO
  echo 12 >"$1/etc/dnf/vars/releasever"
  rm -f "$1/etc/os-release"
  printf 'NAME="The lab'"'"'s Linux"\nID=kagent-lab\nID_LIKE="fedora"\nVERSION_ID=12\n' >"$1/etc/os-release"
}
