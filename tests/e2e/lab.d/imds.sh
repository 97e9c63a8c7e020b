# Every node has an instance metadata service of its own, at 169.254.169.254 in its network namespace. The service
# runs outside the machine, which sees only HTTP.

imds_up() { # NAME
  local name=$1 dir=$machines_dir/$1 inside
  inside=(nsenter --net="/proc/$(pid_in "$dir/leader.pid")/ns/net")
  "${inside[@]}" ip addr replace "$imds_address/32" dev lo
  [ -d "$dir/imds" ] || write_metadata "$name" "$dir/imds"
  setsid "${inside[@]}" "$repository/tests/standin/imds" "$dir/imds" --address "$imds_address" \
    --log "$dir/imds-requests.log" >>"$dir/imds.log" 2>&1 </dev/null 9>&- &
  remember $! "$dir/imds.pid"
  disown
}

write_metadata() { # NAME FOLDER
  local folder=$2 meta=$2/meta-data address hostname id
  address=$(cat "$machines_dir/$1/address")
  hostname=$(cat "$machines_dir/$1/hostname")
  id=i-0$(systemd-id128 new | cut -c1-16)
  mkdir -p "$meta/placement" "$folder/dynamic/instance-identity"
  cp "$lab_dir/user-data" "$folder/user-data"
  printf %s "$id" >"$meta/instance-id"
  printf %s "$hostname" >"$meta/local-hostname"
  printf %s "$address" >"$meta/local-ipv4"
  printf %s 0e:49:61:0f:c3:11 >"$meta/mac"
  mkdir -p "$meta/network/interfaces/macs/0e:49:61:0f:c3:11"
  printf %s "$network.0/24" >"$meta/network/interfaces/macs/0e:49:61:0f:c3:11/vpc-ipv4-cidr-blocks"
  printf %s t3.medium >"$meta/instance-type"
  printf %s eu-central-1a >"$meta/placement/availability-zone"
  write_identity "$id" "$address" "$folder/dynamic/instance-identity"
}

# Signs the identity document as AWS does, with a certificate of the lab.
write_identity() { # INSTANCE-ID ADDRESS FOLDER
  local aws=$lab_dir/aws
  [ -e "$aws/eu-central-1.pem" ] || {
    mkdir -p "$aws"
    openssl req -x509 -newkey rsa:2048 -noenc -subj '/O=Lab Web Services' -days 30 \
      -keyout "$aws/key.pem" -out "$aws/eu-central-1.pem" 2>/dev/null
  }
  printf '{"accountId": "123456789012", "architecture": "x86_64", "availabilityZone": "eu-central-1a",
  "imageId": "ami-5fb8c835", "instanceId": "%s", "instanceType": "t3.medium", "pendingTime": "%s",
  "privateIp": "%s", "region": "eu-central-1", "version": "2017-09-30"}' \
    "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$2" >"$3/document"
  openssl smime -sign -nodetach -binary -md sha256 -in "$3/document" -signer "$aws/eu-central-1.pem" \
    -inkey "$aws/key.pem" -outform DER | base64 -w 64 >"$3/rsa2048"
}
