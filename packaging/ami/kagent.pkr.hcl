# An AMI of Kubernetes nodes, on Amazon Linux 2023, Ubuntu 24.04 or Debian 12:
#
#   packaging/build --portable PACKAGES
#   packer init packaging/ami
#   packer build -var region=eu-central-1 -var packages=PACKAGES packaging/ami
#
# provision, beside this file, runs on the instance.

variable "region" {
  type = string
}
variable "packages" {
  type        = string
  description = "Folder with the packages of packaging/build --portable; for Debian 12 also without --portable."
}
variable "distribution" {
  type        = string
  default     = "amazon-linux-2023"
  description = "amazon-linux-2023, ubuntu-24.04 or debian-12."
}
variable "kubernetes" {
  type        = string
  default     = "1.32"
  description = "Minor version."
}
variable "cni" {
  type        = string
  default     = "https://github.com/flannel-io/flannel/releases/latest/download/kube-flannel.yml"
  description = "Manifest, put into /etc/kagent/manifests."
}
variable "instance_type" {
  type    = string
  default = "t3.medium"
}
variable "subnet_id" {
  type        = string
  default     = null
  description = "Default: the default VPC's."
}
variable "ssh_from" {
  type        = list(string)
  default     = []
  description = "CIDRs from which Packer reaches the instance; default: the public address of this machine."
}

# The newest image of each distribution is the base. The distributions publish these account ids as theirs.
locals {
  from = {
    "amazon-linux-2023" = { owner = "137112412989", name = "al2023-ami-2023.*-x86_64", user = "ec2-user" }
    "ubuntu-24.04" = {
      owner = "099720109477", name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*", user = "ubuntu"
    }
    "debian-12" = { owner = "136693071363", name = "debian-12-amd64-*", user = "admin" }
  }
}

source "amazon-ebs" "node" {
  region        = var.region
  instance_type = var.instance_type
  subnet_id     = var.subnet_id
  ssh_username  = local.from[var.distribution].user
  ami_name      = "kagent-${var.distribution}-kubernetes-${var.kubernetes}-{{timestamp}}"
  # Without these two lines Packer opens port 22 to the world.
  temporary_security_group_source_cidrs     = var.ssh_from
  temporary_security_group_source_public_ip = length(var.ssh_from) == 0
  # Instances of the image do not accept this build's SSH key.
  ssh_clear_authorized_keys = true
  # IMDSv2 only, for this build and for instances of the image.
  imds_support = "v2.0"
  metadata_options {
    http_tokens = "required"
  }
  source_ami_filter {
    owners      = [local.from[var.distribution].owner]
    most_recent = true
    filters = {
      name                = local.from[var.distribution].name
      virtualization-type = "hvm"
      root-device-type    = "ebs"
    }
  }
}

build {
  sources = ["source.amazon-ebs.node"]
  provisioner "shell" {
    inline = ["mkdir -p /tmp/packages"]
  }
  provisioner "file" {
    source      = "${var.packages}/"
    destination = "/tmp/packages"
  }
  provisioner "file" {
    source      = "${path.root}/provision"
    destination = "/tmp/provision"
  }
  provisioner "shell" {
    # cloud-init holds apt's lock at first.
    inline = [
      "cloud-init status --wait || true",
      "sudo sh /tmp/provision --packages /tmp/packages --kubernetes ${var.kubernetes} --cni ${var.cni}",
      "rm -r /tmp/packages /tmp/provision",
    ]
  }
}
