#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace grpc {
class Service;
}

namespace kagent::coordinator {

class Coordinator;

// The gRPC services. gRPC's threads only post to the loop. `coordinator` must outlive the server.
std::unique_ptr<grpc::Service> make_agent_service(boost::asio::any_io_executor loop,
                                                  Coordinator& coordinator);
std::unique_ptr<grpc::Service> make_admin_service(boost::asio::any_io_executor loop,
                                                  Coordinator& coordinator);

}  // namespace kagent::coordinator
