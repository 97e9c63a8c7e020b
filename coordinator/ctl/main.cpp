#include "agent/common/trust/tls.hpp"
#include "coordinator/ctl/cli.hpp"

int main(int argc, char** argv) {
  kagent::require_tls_1_3();
  return kagent::ctl::run(argc, argv);
}
