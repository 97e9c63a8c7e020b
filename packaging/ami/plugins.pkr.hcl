# `packer init` fetches this plugin. The block has a file of its own, because packer before 1.7 has the plugin built in
# and rejects the block.

packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.0"
    }
  }
}
