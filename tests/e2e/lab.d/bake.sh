# Makes an image as packaging/ami does: runs its script on a bare machine of the lab, with the built packages.

lab_bake() {
  [ $# = 0 ] || die "bake takes no arguments"
  lock
  ! any_alive || die "the lab is up: \`lab down\` first"
  tear_down
  rm -rf "$baked_dir"
  : >"$lab_dir/kube-dir"
  : >"$lab_dir/standin.conf"
  trap 'interrupted' INT TERM HUP
  prepare
  alone "$cache_dir/lock" take_image "" apt
  keep_sysctls
  network_up
  say "booting the builder"
  make_machine builder "$network.250" builder
  boot_machine builder
  await 60 is_booted builder || die "the builder does not come up"
  provision_builder
  stop_machine builder
  mkdir "$baked_dir.part"
  mv "$lab_dir/bare.yaml" "$baked_dir.part/"
  cp -al "$lab_dir/image/." "$baked_dir.part/image"
  cp -a "$machines_dir/builder/upper" "$baked_dir.part/upper"
  rm -rf "$baked_dir.part/upper/etc/kagent-lab"
  mv "$baked_dir.part" "$baked_dir"
  tear_down
  say "the image is baked; \`lab up --baked\` launches machines of it"
}

provision_builder() {
  local file
  say "provisioning it"
  quietly purge in_machine builder dpkg --purge kagent kagent-coordinator kagentctl
  in_machine builder mkdir /root/bake
  for file in "$packages_dir"/kagent{,ctl,-coordinator}_*.deb "$repository/packaging/ami/provision"; do
    in_machine builder sh -c "cat >/root/bake/$(basename "$file")" <"$file"
  done
  in_machine builder sh /root/bake/provision --packages /root/bake --kubernetes "${standin_version%.*}" \
    --repository "file://$packages_inside/kubernetes" --key "$packages_inside/kubernetes/Release.key" \
    --cni "$(in_machine builder sh -c 'ls /etc/kagent/manifests/*' | head -n 1)" >&2 || die "provision failed"
  in_machine builder rm -r /root/bake
}

# In place of take_image.
take_baked_image() {
  cp "$baked_dir/bare.yaml" "$lab_dir/"
  ln -s "$baked_dir/image" "$lab_dir/image"
}

is_baked() { [ "$(readlink "$lab_dir/image")" = "$baked_dir/image" ]; }

# Makes a machine of the baked image if the lab uses it, else of the usual image.
of_image() { # NAME ADDRESS HOSTNAME UNIT...
  if is_baked; then make_baked_machine "$@"; else make_machine "$@"; fi
}

# Makes a machine of the baked image, as EC2 makes an instance of an AMI: without a machine id.
make_baked_machine() { # NAME ADDRESS HOSTNAME UNIT...
  make_machine "$@"
  rm "$machines_dir/$1/upper/etc/machine-id"
  cp -a "$baked_dir/upper/." "$machines_dir/$1/upper/"
}
