# An AMI of Kubernetes nodes, on Debian 12:
#
#   packer init packaging/ami
#   packer build -var region=eu-central-1 -var packages=build/release/packages packaging/ami
#
# What is done on the instance is in provision, beside this file.

packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.0"
    }
  }
}

variable "region" {
  type = string
}
variable "packages" {
  type        = string
  description = "Folder with kagent's packages, made by packaging/build on Debian 12."
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

source "amazon-ebs" "node" {
  region        = var.region
  instance_type = var.instance_type
  subnet_id     = var.subnet_id
  ssh_username  = "admin"
  ami_name      = "kagent-debian-12-kubernetes-${var.kubernetes}-{{timestamp}}"
  # IMDSv2 only, here and on what is launched of it.
  imds_support = "v2.0"
  metadata_options {
    http_tokens = "required"
  }
  source_ami_filter {
    owners      = ["136693071363"] # Debian's own account
    most_recent = true
    filters = {
      name                = "debian-12-amd64-*"
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
    # cloud-init has apt's lock at first.
    inline = [
      "cloud-init status --wait || true",
      "sudo sh /tmp/provision --packages /tmp/packages --kubernetes ${var.kubernetes} --cni ${var.cni}",
      "rm -r /tmp/packages /tmp/provision",
    ]
  }
}
