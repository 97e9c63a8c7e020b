#include "coordinator/ctl/cli.hpp"

int main(int argc, char** argv) {
  return kagent::ctl::run(argc, argv);
}
