# What `packer init` fetches; of its own, for packer before 1.7 has the plugin built in and no such block.

packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.3.0"
    }
  }
}
